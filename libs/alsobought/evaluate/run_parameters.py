"""The parameters of a run, as its commit records them."""

from collections.abc import Mapping, Sequence
from typing import Any


def parameter(parameters: Any, path: Sequence[str]) -> Any:
    """What stands at a path of keys; None: nothing."""
    for key in path:
        parameters = parameters.get(key) if isinstance(parameters, Mapping) else None
    return parameters
