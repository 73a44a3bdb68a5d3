"""Settings as TOML that says why."""

import tomllib

from alsobought.ingest.proposal.toml_text import WIDTH, Setting, Table, written


def test_comments_stand_beside_a_key_or_above_it_and_long_lists_go_over_lines():
    long = "because " * 12 + "of this"
    tables = [
        Table("", [Setting("warehouse", "w")], "About it."),
        Table(
            "spark",
            [
                Setting("spark.master", "local[*]", "every core"),
                Setting("path", 'a "b".csv', long),
                Setting("share", 1.0),
                Setting("is_so", False),
            ],
        ),
        Table("lists", [Setting("ids", [f"item {i}" for i in range(9)])], "What is left out."),
    ]
    text = written(tables)
    assert text == (
        "# About it.\n"
        'warehouse = "w"\n'
        "\n"
        "[spark]\n"
        '"spark.master" = "local[*]"          # every core\n'
        f"# {'because ' * 12}of\n"
        "# this\n"
        'path = "a \\"b\\".csv"\n'
        "share = 1.0\n"
        "is_so = false\n"
        "\n"
        "[lists]                              # What is left out.\n"
        "ids = [\n" + "".join(f'    "item {i}",\n' for i in range(9)) + "]\n"
    )
    assert max(map(len, text.splitlines())) <= WIDTH
    assert tomllib.loads(text)["lists"] == {"ids": [f"item {i}" for i in range(9)]}
