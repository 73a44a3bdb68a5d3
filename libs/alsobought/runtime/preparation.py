"""What one job of a run has prepared, kept for a later one that would prepare the same."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from pydantic import BaseModel


class Prepared(Protocol):
    """A value that several jobs may start from, and that holds memory or disk until released."""

    def release(self) -> None:
        """Give back what the value holds."""


@dataclass(frozen=True)
class Prepare:
    """A step that comes before a job's transformation, which gets its result for its inputs.

    `make` takes the job's inputs by their names, `settings`, what the job's params have of this
    type's fields, and `as_of`. It must not depend on anything else: jobs whose `make`, inputs
    and settings are equal share one.
    """

    make: Callable[..., Prepared]
    settings: type[BaseModel]


@dataclass
class Preparation:
    """The last value that a job of this run has prepared, and what it was made of."""

    _made_of: tuple[Any, ...] = ()
    _value: Prepared | None = None

    def of(
        self,
        prepare: Prepare,
        inputs: tuple[Mapping[str, Any], Mapping[str, Any]],
        params: BaseModel,
        as_of: date,
    ) -> Prepared:
        """The value for a job with these inputs and their versions: that at hand, or a new one."""
        tables, versions = inputs
        names = prepare.settings.model_fields
        settings = prepare.settings(**{name: getattr(params, name) for name in names})
        made_of = (prepare.make, versions, settings, as_of)
        if self._value is None or self._made_of != made_of:
            self.close()
            self._value = prepare.make(**tables, settings=settings, as_of=as_of)
            self._made_of = made_of
        return self._value

    def keep_for(self, later: Iterable[Prepare | None]) -> None:
        """Release the value unless one of the jobs that are still to come may want it."""
        makes = {prepare.make for prepare in later if prepare is not None}
        if self._made_of and self._made_of[0] not in makes:
            self.close()

    def close(self) -> None:
        """Release the value, if there is one."""
        if self._value is not None:
            self._value.release()
        self._value, self._made_of = None, ()
