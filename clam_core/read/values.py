"""From stored numbers to values: scale, type, and doubts whether they are HU."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOT_HU = "CT in HU has air near -1000."
"""How a doubt of `hu_doubts` ends."""

WORKING_TYPES = frozenset({"uint8", "int16", "uint16", "int32", "float32", "float64"})
"""Names of the types that the rest of the program handles."""

_INT16, _INT32 = np.iinfo(np.int16), np.iinfo(np.int32)

Array = NDArray[np.generic]


def rescale(array: Array, slope: float, inter: float) -> Array:
    """Values from stored numbers: `slope * array + inter`.

    Args:
        array: Stored voxels, any shape.
        slope: Factor.
        inter: Offset in the unit of the result.

    Returns:
        The same array if nothing changes, int16 if slope and offset are whole
        numbers and every result fits, else float32.
    """
    if (slope, inter) == (1.0, 0.0):
        return array
    result: Array
    if _stays_whole(array, slope, inter):
        # Whole numbers wrap around: a product beyond 16 bits is right again after the sum.
        result = np.empty_like(array, dtype=np.int16)
        np.multiply(array, int(slope), out=result, dtype=np.int64, casting="unsafe")
        np.add(result, int(inter), out=result, dtype=np.int64, casting="unsafe")
        return result
    with np.errstate(over="ignore", invalid="ignore"):
        result = np.empty_like(array, dtype=np.float32)
        np.multiply(array, slope, out=result, dtype=np.float64, casting="unsafe")
        np.add(result, inter, out=result, dtype=np.float64, casting="unsafe")
    return result


def _stays_whole(array: Array, slope: float, inter: float) -> bool:
    whole = slope.is_integer() and inter.is_integer() and max(abs(slope), abs(inter)) < 2**31
    if array.dtype.kind not in "iu" or not whole:
        return False
    ends = [int(slope) * int(end) + int(inter) for end in (array.min(), array.max())]
    return bool(_INT16.min <= min(ends) and max(ends) <= _INT16.max)


def working_type(array: Array) -> Array:
    """One of the few types that the rest of the program handles.

    Args:
        array: Any whole or floating type.

    Returns:
        uint8, int16, uint16, int32, float32 and float64 as they are; int8 as
        int16; wider whole numbers as int32 if they fit, else as float32.
    """
    if array.dtype.name in WORKING_TYPES:
        return array
    if array.dtype.itemsize == 1:
        return array.astype(np.int16)
    if array.dtype.kind == "f":
        return array.astype(np.float32)
    fits = _INT32.min <= int(array.min()) and int(array.max()) <= _INT32.max
    return array.astype(np.int32 if fits else np.float32)


def hu_doubts(array: NDArray[np.generic]) -> tuple[str, ...]:
    """Say why the values of a volume do not look like CT in HU.

    Args:
        array: Voxels of a volume or a mask, any shape; NaN is passed over.

    Returns:
        At most one sentence. A mask gets one, too: whoever reads a mask ignores it.
    """
    with np.errstate(invalid="ignore"):
        low = float(np.fmin.reduce(array, axis=None))
        high = float(np.fmax.reduce(array, axis=None))
    if not low < high:
        return (f"All voxels have the same value ({low:g}).",)
    span = f"Values run from {low:g} to {high:g}"
    if low >= 0 and high <= 1:
        return (f"{span}: scaled already, or a mask; {NOT_HU}",)
    if low >= 0 and high <= 255:
        return (f"{span}: an 8-bit picture or labels; {NOT_HU}",)
    if low >= 0:
        return (f"{span}: stored without its rescale, or not CT; {NOT_HU}",)
    return ()
