"""What the audits allow: the section [jobs.redemption_audits.bounds]."""

from typing import Annotated

from pydantic import Field

from alsobought.settings import Settings, Share


class Bounds(Settings):
    """Outside these bounds a measurement is an alert."""

    max_mean_weight_error: Annotated[float, Field(ge=0)] = 0.05
    """sum_q_w: tolerance around 1, beyond that for sampling noise."""
    max_drift: Share = 0.05
    """drift: tolerance between mean prediction and mean label, beyond that for sampling noise."""
    standard_errors: Annotated[float, Field(ge=0)] = 3.0
    """Tolerance for sampling noise, in standard errors."""
    newest_share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """drift: the share of the matured offers that counts as new, by issue."""
    min_effective_share: Share = 0.3
    """effective_sample_size: the least share of the copies that equal weights would need."""
    max_clipped_share: Share = 0.05
    """clipped_share: the largest share of a method's copies whose weight was clipped."""
