"""Which purchase lines count on a day, in plain Python: guests, returns, orders of two markets."""

from typing import Any, NamedTuple


class Line(NamedTuple):
    """A line of a source: bought (quantity > 0) or returned (< 0); times are any that compare."""

    market: str
    customer: str | None
    order: str | None
    item: str
    line: str
    at: Any
    quantity: float

    @property
    def key(self):
        return self.market, self.order, self.item, self.line

    @property
    def in_time(self):
        return self.at, self.order or "", self.line

    def is_of(self, other):
        """Whether a return of one may take back the other."""
        one, two = ((x.market, x.item, x.customer, x.customer or x.order) for x in (self, other))
        return one == two


class Returned(NamedTuple):
    """What was returned of a line; returned_at None: a part was kept."""

    returned: float
    returned_at: Any


def returns(lines, as_of):
    """{line: Returned} of the lines of which something was returned before `as_of`, and the returns
    that found less than they are."""
    past = [line for line in lines if line.at < as_of]
    left = {line: line.quantity for line in past if line.quantity > 0}
    last_return, unmatched = {}, []
    for back in sorted((line for line in past if line.quantity < 0), key=lambda line: line.in_time):
        rest = -back.quantity
        before = [line for line in left if line.is_of(back) and line.at <= back.at]
        for line in sorted(before, key=lambda line: line.in_time, reverse=True):
            taken = min(rest, left[line])
            if taken:
                left[line] -= taken
                rest -= taken
                last_return[line] = back.at
        if rest:
            unmatched.append(back)
    returned = {
        line: Returned(line.quantity - left[line], None if left[line] else at)
        for line, at in last_return.items()
    }
    return returned, unmatched


def counting(lines, as_of):
    """The lines that were bought before `as_of`, and not wholly returned before it."""
    returned, _ = returns(lines, as_of)
    gone = {line for line, of in returned.items() if of.returned_at is not None}
    return [line for line in lines if line.quantity > 0 and line.at < as_of and line not in gone]


def for_counts(lines):
    """Lines as `tests.oracle` takes them."""
    return [(line.market, line.customer, line.order, line.item, line.at) for line in lines]
