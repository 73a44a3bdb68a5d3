"""Settings as TOML, each with the reason for it in a comment."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH = 100
COMMENTS_AT = 36


@dataclass(frozen=True)
class Setting:
    """A key, its value, and why it has this value."""

    key: str
    value: object
    why: str = ""


@dataclass(frozen=True)
class Table:
    """A table of a TOML: its name ("" for the first keys), and its settings."""

    name: str
    settings: Sequence[Setting]
    why: str = ""


def written(tables: Sequence[Table]) -> str:
    """The tables as TOML text; lines of at most WIDTH columns as far as values allow."""
    return "\n".join("".join(f"{line}\n" for line in _lines(table)) for table in tables)


def _lines(table: Table) -> list[str]:
    head = _commented(f"[{table.name}]", table.why) if table.name else _comment(table.why)
    return [*head, *(line for setting in table.settings for line in _of_setting(setting))]


def _of_setting(setting: Setting) -> list[str]:
    # a dot in a bare key would open a table
    bare = setting.key.replace("_", "").isalnum() and setting.key.isascii()
    key = setting.key if bare else json.dumps(setting.key)
    return _commented(f"{key} = {_value(setting.value)}", setting.why)


def _commented(text: str, why: str) -> list[str]:
    line = f"{text:<{COMMENTS_AT}} # {why}" if why else text
    lines = text.split("\n")
    return [line] if len(lines) == 1 and len(line) <= WIDTH else [*_comment(why), *lines]


def _comment(why: str) -> list[str]:
    return [f"# {line}" for part in why.splitlines() for line in textwrap.wrap(part, WIDTH - 2)]


def _value(value: object) -> str:
    """JSON's strings, numbers, booleans and lists are TOML's too; a long list goes over lines."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(part)}" for key, part in value.items()) + " }"
    text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list) and len(text) > WIDTH - COMMENTS_AT:
        return "[\n" + "".join(f"    {_value(part)},\n" for part in value) + "]"
    return text
