"""Which customers were forgotten: as salted hashes, for all that must not bring them back.

The salt lies beside the tables, readable by the account of the jobs alone: whoever may read
tables cannot try out ids; and it is there wherever a job can write a table. In the TOML, a variable
or a service it could be missing on the night on which it is needed, and customers would come back.
"""

import hashlib
import os
import secrets
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from alsobought.errors import JobError
from alsobought.runtime import commits, creation
from alsobought.runtime.commits import recorded_run
from alsobought.tables.forgetting import FORGOTTEN_CUSTOMERS

SALT_FILE = "_forgotten_customers.salt"
SALT_BYTES = 32
HASH_BYTES = 20
CUSTOMER, OFFER, SALT = "customer", "offer", "salt"
FORGET = "forget"  # the job in the commits of the command
FORGOTTEN_MEANWHILE = (
    "Customers were forgotten while this run was working, and it may have read rows of theirs, so "
    "nothing was written: run again."
)


@dataclass(frozen=True)
class Forgotten:
    """The hashes of what was forgotten; equal hashes are equal kinds and ids."""

    salt: bytes
    hashes: frozenset[str]

    def has(self, kind: str, text: str) -> bool:
        """Whether the customer or the offer of this id was forgotten."""
        return hash_of(self.salt, kind, text) in self.hashes


def hash_of(salt: bytes, kind: str, text: str) -> str:
    """The hash of an id, keyed with the salt, in hexadecimal.

    BLAKE2b with a key (RFC 7693): without the salt nobody can try out ids.
    """
    said = f"{kind}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(said, key=salt, digest_size=HASH_BYTES).hexdigest()


def forgotten(warehouse: str) -> Forgotten | None:
    """Who was forgotten in a warehouse on a path; None: nobody.

    Raises JobError where the salt is missing, or another one than the hashes were made with.
    """
    path = f"{warehouse}/{FORGOTTEN_CUSTOMERS.name}"
    if "://" in warehouse or not commits.is_table(path):
        return None
    rows = commits.log_of(path, FORGOTTEN_CUSTOMERS.name).delta.to_pyarrow_table(columns=["hash"])
    hashes = frozenset(rows["hash"].to_pylist())
    if not hashes:
        return None
    file = Path(warehouse, SALT_FILE)
    try:
        salt = bytes.fromhex(file.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise JobError(
            f"{file}, the salt by which forgotten customers are known, cannot be read "
            f"({getattr(error, 'strerror', None) or 'it is damaged'}): put a copy of it back. "
            f"Without it their lines would come back."
        ) from None
    if hash_of(salt, SALT, "") not in hashes:
        raise JobError(
            f"{file} is not the salt that {FORGOTTEN_CUSTOMERS.name} was made with: put that one "
            f"back. With another their lines would come back."
        )
    return Forgotten(salt, hashes)


def remember(
    warehouse: str, ids: Iterable[str], offers: Iterable[str], run: Mapping[str, Any]
) -> Forgotten:
    """Have customers and their offers among those that were forgotten, in one commit; all of them.

    Raises JobError where another forgetting was quicker.
    """
    path, table = f"{warehouse}/{FORGOTTEN_CUSTOMERS.name}", FORGOTTEN_CUSTOMERS
    before = forgotten(warehouse) or Forgotten(_salt(Path(warehouse, SALT_FILE)), frozenset())
    named = [(SALT, ""), *((CUSTOMER, text) for text in ids), *((OFFER, text) for text in offers)]
    hashed = {(kind, hash_of(before.salt, kind, text)) for kind, text in named}
    new = sorted((kind, hash_) for kind, hash_ in hashed if hash_ not in before.hashes)
    if new:
        if not commits.is_table(path) and not creation.create(path, table):
            raise JobError(f"{path} cannot be made on this file system, which has no hard links.")
        rows = pa.Table.from_pylist([{"kind": kind, "hash": hash_} for kind, hash_ in new])
        commits.append_rows(path, rows, commits.log_of(path, table.name).version, run)
    return Forgotten(before.salt, before.hashes | {hash_ for _, hash_ in new})


def require_none_since(warehouse: str, tables: Iterable[str], run: Mapping[str, Any]) -> None:
    """Raise JobError where customers were forgotten since a run has read one of these tables: it
    would write them down again."""
    read = run.get("read_versions", {})
    for name in tables:
        path = f"{warehouse}/{name}"
        if name in read and commits.is_table(path):
            log = commits.log_of(path, name)
            later = log.history(log.version - read[name]) if log.version > read[name] else []
            runs = (recorded_run(commit.get("userMetadata")) for commit in later)
            if any(run.get("job") == FORGET for run in runs):
                raise JobError(FORGOTTEN_MEANWHILE)


def _salt(file: Path) -> bytes:
    """The salt in the file; made where there is none. Two that make one at once get the same."""
    draft = file.with_name(f".{uuid.uuid4()}.tmp")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(secrets.token_hex(SALT_BYTES))
    try:
        with suppress(FileExistsError):
            os.link(draft, file)
    finally:
        draft.unlink()
    return bytes.fromhex(file.read_text(encoding="ascii"))
