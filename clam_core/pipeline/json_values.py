"""Results as values that JSON can hold."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def plain_values(value: Any) -> Any:  # noqa: ANN401
    """The same as JSON values; what cannot be computed is null."""
    if isinstance(value, dict):
        return {str(name): plain_values(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
