"""One row of an audit: a measured value, its bounds, and what it says."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measurement:
    """A row of REDEMPTION_AUDITS; a bound that is None binds nothing."""

    audit: str
    method: str
    bucket: str
    rows: int
    value: float
    lower: float | None
    upper: float | None
    meaning: str

    @property
    def is_alert(self) -> bool:
        """Whether the value is out of bounds; NaN is."""
        above = self.lower is None or self.value >= self.lower
        below = self.upper is None or self.value <= self.upper
        return not (above and below)

    def __str__(self) -> str:
        """The measurement as a sentence."""
        bounds = f"[{_digits(self.lower)}, {_digits(self.upper)}]"
        measured = f"{self.audit} of {self.method}, {self.bucket}: {self.value:.4f}"
        return f"{measured} {'out of' if self.is_alert else 'within'} {bounds}: {self.meaning}"


def _digits(bound: float | None) -> str:
    return "" if bound is None else f"{bound:.4f}"


@dataclass(frozen=True)
class Tolerance:
    """How far a mean may be from its expectation: a tolerance, plus a number of standard errors."""

    value: float
    standard_errors: float

    def around(self, expected: float, error: float) -> tuple[float, float]:
        """The lower and the upper bound of a mean that has this standard error."""
        allowed = self.value + self.standard_errors * error
        return expected - allowed, expected + allowed


def bucket_edges(attribution_days: int, parts: int = 6) -> list[float]:
    """The edges of age buckets in days: even parts of the attribution window, and its end."""
    return [attribution_days * part / parts for part in range(parts + 1)]


def bucket_name(edges: list[float], index: int) -> str:
    """The days of a bucket, as "10 to 20 days"; past the last edge labels are final."""
    if index >= len(edges) - 1:
        return f"final from {edges[-1]:g} days"
    return f"{edges[index]:g} to {edges[index + 1]:g} days"
