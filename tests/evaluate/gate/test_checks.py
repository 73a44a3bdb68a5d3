"""Every check of the gate at its limit, and the sentence that it gives."""

from datetime import date

from alsobought.evaluate.gate import checks
from alsobought.evaluate.gate.checks import FEW_ROWS, Check, Coverage, ListCounts
from alsobought.tables.serving import Decision, Serving, State

DAY, SERVED_DAY, CUT_OFF, OTHER = (date(2024, 1, n) for n in (20, 19, 5, 4))
SERVED = State(SERVED_DAY, {"related_items": 3}, {"related_items": "x"})
CANDIDATES = State(DAY, {"related_items": 4}, {"related_items": "x"})


def serving(*decisions):
    return Serving(decisions, CANDIDATES, {}, {}, lambda _: {}, dict)


NOTHING = serving()
ONE = serving(Decision(1, "promoted", SERVED_DAY, SERVED))


def verdict(check):
    return check.value, check.limit, check.passed


def test_a_day_before_the_served_one_is_refused_and_the_same_day_is_not():
    assert checks.day_check(NOTHING, DAY) == Check(
        "day", None, None, True, "Nothing has been served before."
    )
    assert verdict(checks.day_check(ONE, DAY)) == (1.0, 0.0, True)
    assert verdict(checks.day_check(ONE, SERVED_DAY)) == (0.0, 0.0, True)
    assert checks.day_check(ONE, CUT_OFF) == Check(
        "day",
        -14.0,
        0.0,
        False,
        "2024-01-05 is before 2024-01-19, which is served: alsobought rollback --to 2024-01-05 "
        "serves it where it was promoted once.",
    )


def test_lists_that_were_rolled_back_are_refused():
    back = serving(
        Decision(1, "promoted", DAY, CANDIDATES), Decision(2, "rolled_back", DAY, SERVED)
    )
    assert checks.rollback_check(ONE).passed
    assert checks.rollback_check(back) == Check(
        "rollback",
        None,
        None,
        False,
        "The lists of 2024-01-20 were rolled back by decision 2: run their jobs again, or "
        "alsobought rollback --to 2024-01-20.",
    )


def test_the_newest_purchase_may_be_some_days_old():
    assert verdict(checks.age_check(date(2024, 1, 19), DAY, 2)) == (0.0, 2.0, True)
    assert verdict(checks.age_check(date(2024, 1, 17), DAY, 2)) == (2.0, 2.0, True)
    assert checks.age_check(date(2024, 1, 16), DAY, 2) == Check(
        "days since the newest purchase",
        3.0,
        2.0,
        False,
        "The newest purchase before 2024-01-20 is of 2024-01-16, 3 days before the last day that "
        "counts; 2 may be (max_age_days).",
    )
    assert checks.age_check(None, DAY, 2)[1:] == (
        None,
        2.0,
        False,
        "No purchase lies before 2024-01-20.",
    )


def test_rows_and_changed_lists_against_the_served_ones():
    counts = {"uk": ListCounts(60, 70, 9, 1), "de": ListCounts(30, 30, 11, 4)}
    assert ListCounts.of_all(counts.values()) == ListCounts(
        rows=90, served_rows=100, served_lists=20, changed_lists=5
    )
    assert ListCounts.of_all([]) == ListCounts(0, 0, 0, 0)
    assert checks.rows_check("related_items", counts, 0.9) == Check(
        "related_items: rows",
        0.9,
        0.9,
        True,
        "related_items has 90 rows, and 100 are served: 0.900 of them; the least is 0.9 "
        "(min_rows_share).",
    )
    assert not checks.rows_check("related_items", counts, 0.91).passed
    assert checks.changed_check("related_items", counts, 0.25) == Check(
        "related_items: changed lists",
        0.25,
        0.25,
        True,
        "related_items: of 20 served lists 5 are gone or lose more than half of their items, "
        "0.250; the most is 0.25 (max_changed_share).",
    )
    assert not checks.changed_check("related_items", counts, 0.24).passed
    for check in (checks.rows_check, checks.markets_check, checks.changed_check):
        assert check("related_items", "None are served.", 0.5)[1:] == (
            None,
            None,
            True,
            "None are served.",
        )


def test_a_market_may_not_shrink_nor_vanish_behind_the_others():
    counts = {
        "uk": ListCounts(100 * FEW_ROWS, 100 * FEW_ROWS, 1, 0),
        "de": ListCounts(800, FEW_ROWS, 1, 0),
        "fr": ListCounts(1, FEW_ROWS - 1, 1, 0),
        "new": ListCounts(5, 0, 0, 0),
    }
    assert checks.rows_check("related_items", counts, 0.9).passed
    assert verdict(checks.markets_check("related_items", counts, 0.8)) == (0.8, 0.8, True)
    assert checks.markets_check("related_items", counts, 0.81) == Check(
        "related_items: rows of each market",
        0.8,
        0.81,
        False,
        "related_items of the market de has 800 rows, and 1,000 are served: 0.800 of them; the "
        "least is 0.81 (min_rows_share).",
    )
    gone = counts | {"fr": ListCounts(0, 9, 1, 1)}
    check = checks.markets_check("related_items", gone, 0.81)
    assert verdict(check) == (0.0, 0.81, False)
    assert check.reason.startswith("related_items of the market fr has 0 rows, and 9 are served")
    assert check.reason.endswith("(min_rows_share), and 1 more markets have too few.")
    small = {"fr": counts["fr"], "new": counts["new"]}
    assert verdict(checks.markets_check("related_items", small, 0.8)) == (None, 0.8, True)


def test_a_served_table_may_not_vanish():
    assert checks.tables_check(NOTHING).passed
    assert checks.tables_check(ONE).passed
    both = {"related_items": 3, "recommendations": 3}
    lost = serving(Decision(1, "promoted", SERVED_DAY, State(SERVED_DAY, both, {})))
    assert checks.tables_check(lost) == Check(
        "served tables",
        None,
        None,
        False,
        "recommendations would no longer be served: put [jobs.recommendations] back into the "
        "environment's TOML; or, where nobody reads that any more, move the table promotions away "
        "and begin anew.",
    )


def test_coverage_and_that_of_nothing():
    assert checks.coverage_check("customers", Coverage(1000, 950), 0.95, "min_share") == Check(
        "customers",
        0.95,
        0.95,
        True,
        "950 of 1,000 customers, 0.950; the least is 0.95 (min_share).",
    )
    assert not checks.coverage_check("customers", Coverage(1000, 949), 0.95, "key").passed
    assert checks.coverage_check("customers", Coverage(0, 0), 0.95, "key").passed


def test_a_day_that_is_refused_again_for_the_same_reasons_says_nothing_new():
    refused = Decision(2, "refused", DAY, SERVED, reasons=("Bad.",))
    again = serving(*ONE.decisions, refused)
    assert checks.refused_before(again, DAY, ("refused", SERVED, ["Bad."])) == refused
    other_day = Decision(3, "refused", OTHER, SERVED, reasons=("Worse.",))
    later = serving(*again.decisions, other_day)
    assert checks.refused_before(later, DAY, ("refused", SERVED, ["Bad."])) == refused
    assert checks.refused_before(later, DAY, ("refused", SERVED, ["Bad.", "Worse."])) is None
    assert checks.refused_before(later, DAY, ("refused", CANDIDATES, ["Bad."])) is None
    assert checks.refused_before(later, DAY, ("promoted", CANDIDATES, ["Bad."])) is None
    assert checks.refused_before(NOTHING, DAY, ("refused", None, ["Bad."])) is None
    back = serving(*ONE.decisions, Decision(2, "rolled_back", DAY, SERVED, reasons=("Bad.",)))
    assert checks.refused_before(back, DAY, ("refused", SERVED, ["Bad."])) is None


def test_all_that_fails_is_a_reason():
    good, bad = Check("a", 1.0, 1.0, True, "Good."), Check("b", 0.0, 1.0, False, "Bad.")
    assert checks.decided(ONE, [good, good]) == ("promoted", CANDIDATES, ["All 2 checks hold."])
    assert checks.decided(ONE, [good, bad, bad]) == ("refused", SERVED, ["Bad.", "Bad."])
    assert checks.decided(NOTHING, [bad]) == ("refused", None, ["Bad."])
