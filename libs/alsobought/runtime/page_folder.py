"""A folder of pages on a path: made beside its place, and then renamed into it."""

import json
import shutil
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from alsobought.errors import JobError

CARD = "report.json"
"""The file that says what the folder is; only a folder that has it is ever replaced."""
TRIES = 3


class PageFolder:
    """A report's folder: a reader sees the old one or the new one, never half.

    It is made in a hidden folder beside it, of which each run has its own.
    """

    def __init__(self, to: Path) -> None:
        self.to = to.resolve()
        self.making = self.to

    def require_replaceable(self) -> None:
        """Raise JobError where something else than a report would be replaced."""
        if self.to.is_file():
            raise JobError(f"{self.to} is a file: name a folder with --to.")
        if not self.to.exists() or (self.to / CARD).is_file():
            return
        names = sorted(path.name for path in self.to.iterdir())
        if names:
            raise JobError(
                f"{self.to} holds files that are not of a report ({', '.join(names[:3])}), so "
                f"nothing was written: name another folder with --to, or empty this one."
            )

    def begin(self) -> None:
        """Make the hidden folder; raises JobError where that is not possible."""
        try:
            self.to.parent.mkdir(parents=True, exist_ok=True)
            self.making = Path(mkdtemp(prefix=f".{self.to.name}.", dir=self.to.parent)) / "new"
            (self.making / "data").mkdir(parents=True)
        except OSError as error:
            raise JobError(f"{self.to} cannot be made: {error.strerror}.") from None

    def write(self, name: str, text: str) -> None:
        """Write a file of text."""
        try:
            (self.making / name).write_text(text, encoding="utf-8", newline="\n")
        except OSError as error:
            raise JobError(f"{self.making / name} cannot be written: {error.strerror}.") from None

    def finish(self, card: dict[str, Any]) -> int:
        """Write the card, and put the folder into its place; what was there is deleted.

        Returns the bytes of all files.
        """
        self.write(CARD, f"{json.dumps(card, indent=1)}\n")
        size = sum(path.stat().st_size for path in self.making.rglob("*") if path.is_file())
        for attempt in range(TRIES):
            try:
                if self.to.exists():
                    self.to.rename(self.making.parent / f"old-{attempt}")
                self.making.rename(self.to)
                break
            except OSError as error:  # another run may have put its folder there meanwhile
                if attempt == TRIES - 1:
                    raise JobError(f"{self.to} cannot be replaced: {error.strerror}.") from None
        self.discard()
        return size

    def discard(self) -> None:
        """Delete the hidden folder."""
        shutil.rmtree(self.making.parent, ignore_errors=True)
