"""Secrets: found in an environment's TOML, and masked in what is recorded or printed of a run."""

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

MASK = "***"
SHORTEST = 8  # characters of a variable's value that is masked: a shorter one is in many words
SECRET_NAME = re.compile(
    r"secret|passw|token|credential|(?:access|account|api|private|encryption|sas)[._-]?key",
    re.IGNORECASE,
)
# settings that are called so and say where a secret is, or whether there is one
HARMLESS_NAME = re.compile(
    r"(?:file|path|provider|enabled|store|class|type|interval|lifetime|renewal|service)s?$",
    re.IGNORECASE,
)
REFERENCE = re.compile(r"\$\{env\.\w+\}")  # Hadoop puts the variable's value in its place
IN_URI = re.compile(r"(?<=://)[^/\s@]*:[^/\s@]*(?=@)")
NAMED = re.compile(
    r"(?P<name>[\w.-]*(?:secret|passw|token|access[._-]?key|account[._-]?key|signature|\bsig)[\w.-]*"
    r"\s*[=:]\s*)(?P<value>[^\s&;,'\"]+)",
    re.IGNORECASE,
)
ACCESS_KEY_ID = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")
OF_A_ROW = re.compile(r"\b(?P<name>customer_id|order_id|offer_id) (?:'[^']*'|\"[^\"]*\")")
OF_A_TRACE = re.compile(r"'[^']*'|\"[^\"]*\"")


def secret_faults(raw: Mapping[str, Any]) -> list[str]:
    """What of a TOML is a secret, one phrase a key; the secret itself is in none of them."""
    return [
        f"{key} holds {what}: keep it out of the TOML, in the environment of the run "
        f"('${{env.NAME}}' in [spark] stands for a variable) or with a credential provider"
        for key, value in _texts(raw)
        if (what := _secret(key, value))
    ]


def is_secret(key: str) -> bool:
    """Whether a setting of that name holds a secret."""
    name = key.rpartition(".")[2]
    return bool(SECRET_NAME.search(key)) and not HARMLESS_NAME.search(name)


def masked(text: str) -> str:
    """The text with a mask for every secret: of URIs, of named settings, of this environment."""
    text = ACCESS_KEY_ID.sub(MASK, IN_URI.sub(MASK, text))
    for name, value in os.environ.items():
        if len(value) >= SHORTEST and is_secret(name):
            text = text.replace(value, MASK)
    return NAMED.sub(rf"\g<name>{MASK}", text)


def recordable(sentence: str) -> str:
    """A failure's sentence without secrets, and without values of rows, which may be personal."""
    text = OF_A_ROW.sub(rf"\g<name> {MASK}", masked(sentence))
    is_of_a_trace = text.startswith(("Spark failed", "It failed"))
    return OF_A_TRACE.sub(MASK, text) if is_of_a_trace else text


def _secret(key: str, value: str) -> str | None:
    if IN_URI.search(value):
        return "a password in its URI"
    named = [value] if is_secret(key) else [option["value"] for option in NAMED.finditer(value)]
    is_given = any(not REFERENCE.search(text) for text in named)
    return "a secret" if is_given and key.startswith("spark.") else None


def _texts(values: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Every text of nested tables, with its key as a dotted path."""
    for name, value in values.items():
        key = f"{above}{name}"
        if isinstance(value, Mapping):
            yield from _texts(value, f"{key}.")
        elif isinstance(value, list):
            yield from ((key, text) for text in value if isinstance(text, str))
        elif isinstance(value, str):
            yield key, value
