"""The exceptions that a user is meant to read, and the exit codes that commands end with."""

from collections.abc import Sequence
from dataclasses import dataclass


class JobError(Exception):
    """A failure told in one sentence: what is wrong, where, and what to do about it."""

    exit_code = 1


class ConfigError(JobError):
    """The environment's TOML, or the command line, asks for something that is not there."""

    def __init__(self, said: str, faults: Sequence[str] = ()) -> None:
        super().__init__(said)
        self.faults = tuple(faults) or (said,)
        """What is wrong, one phrase a fault."""


class ContractError(JobError):
    """A table's rows or schema are not what its contract in `alsobought.tables` promises."""


class NotFoundError(JobError):
    """Nothing is what a command was asked for: no such item, market or day."""

    exit_code = 3


class AmbiguousError(JobError):
    """More than one thing is what a command was asked for."""

    exit_code = 4


@dataclass(frozen=True)
class Fault:
    """One thing that would keep a run from starting."""

    key: str
    """The setting, as sources.purchases.columns.item_id, or what of the machine."""
    wrong: str
    cure: str
