"""Voxel values: refused where they are no image, whole numbers afterwards."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import NotAScanError, ReadError
from clam_core.preprocess.labels import looks_like_labels
from clam_core.preprocess.memory_order import as_stored, sample, slabs
from clam_core.settings import HU_MAX, HU_MIN, Unit
from clam_core.volume import Volume

_MAX_NOT_FINITE = 1e-3
_MAX_BEYOND = 1e-3
_INT16 = (-32768, 32767)
# Rounding to whole numbers would leave an image of fewer steps than these.
_MIN_LEVELS = {"HU": 8.0, "arbitrary": 64.0}

Array = NDArray[np.generic]


@dataclass(frozen=True, eq=False)
class Checked:
    """A scan whose values can be used.

    Attributes:
        volume: int16, in the geometry of the scan as read.
        limits: Range to clamp to; voxels may still lie beyond it.
        fill: Value of space that the scan does not cover.
        quality: hu_min, hu_p01, hu_p50, hu_p99, hu_max, before clamping, in the
            scan's own unit; percentiles from about 200,000 voxels, every n-th.
        warnings: Sentences.
    """

    volume: Volume
    limits: tuple[int, int]
    fill: int
    quality: dict[str, float]
    warnings: tuple[str, ...]


def check_values(volume: Volume, intensity_factor: float = 1.0) -> Checked:
    """Check the values of a scan and round them to int16.

    HU are kept and clamped to [-1024, 3071]. Arbitrary units are multiplied by a
    factor that is the same for the whole study and otherwise kept: scaling each
    scan by its own range would hide what makes scans differ.

    Args:
        volume: Any real type.
        intensity_factor: For arbitrary units; 1 for HU.

    Returns:
        The scan with its percentiles.

    Raises:
        NotAScanError: If it holds labels, as a mask does.
        ReadError: If more than 0.1 % of voxels are no number, all are equal, or
            they do not fit into whole numbers of 16 bits.
    """
    array, filled = _finite(volume.array)
    factor = 1.0 if volume.unit == "HU" else intensity_factor
    some = sample(array).astype(np.float64)
    low, high = float(array.min()), float(array.max())
    ends = (low * factor, high * factor)
    if low == high:
        raise ReadError(f"All voxels have the same value ({low:g}); the scan is empty.")
    _check_fits(some * factor, ends, volume.unit)
    p01, p50, p99 = (float(value) for value in np.percentile(some, [1, 50, 99]))
    whole = _whole(array, factor)
    _refuse_labels(whole, low, high)
    return Checked(
        volume=replace(volume, array=whole),
        limits=(HU_MIN, HU_MAX) if volume.unit == "HU" else _INT16,
        fill=HU_MIN if volume.unit == "HU" else round(max(ends[0], _INT16[0])),
        quality={"hu_min": low, "hu_p01": p01, "hu_p50": p50, "hu_p99": p99, "hu_max": high},
        warnings=filled + _scale_doubts(some, high, volume.unit) + _cut_doubts(ends, volume.unit),
    )


def _refuse_labels(whole: Array, low: float, high: float) -> None:
    if low >= 0 and looks_like_labels(whole):
        raise NotAScanError(
            f"This looks like a mask (values {low:g} to {high:g}), not an image; name it as a mask "
            "in a scans table."
        )


def _finite(array: Array) -> tuple[Array, tuple[str, ...]]:
    """Fill the few voxels that hold no number; refuse many."""
    if array.dtype.kind not in "biuf":
        raise ReadError(f"Voxels of type {array.dtype} are no numbers on one scale.")
    if array.dtype.kind != "f":
        return array, ()
    stored = as_stored(array)[0]
    n_bad = sum(int(np.count_nonzero(~np.isfinite(stored[part]))) for part in slabs(stored))
    if not n_bad:
        return array, ()
    share = n_bad / array.size
    if share > _MAX_NOT_FINITE:
        raise ReadError(
            f"{share:.1%} of the voxels hold no number (NaN or infinite), more than 0.1 %; "
            "export the scan again."
        )
    words = f"{n_bad} voxels held no number (NaN or infinite) and got that of their neighbours."
    return _filled(array), (words,)


def _filled(array: Array) -> Array:
    """Infinite voxels become the nearest end of the range, NaN the median of its neighbours."""
    filled = np.array(array, dtype=np.float64)
    finite = np.isfinite(filled)
    low, high = filled[finite].min(), filled[finite].max()
    filled[filled == np.inf], filled[filled == -np.inf] = high, low
    steps = np.stack(np.meshgrid(*[(-1, 0, 1)] * filled.ndim, indexing="ij"), axis=-1)
    steps = steps.reshape(-1, filled.ndim)
    missing = np.argwhere(np.isnan(filled))
    while missing.size:
        # Holes are filled from their rim inwards, one layer of voxels in each round.
        around = np.clip(missing[:, None] + steps, 0, np.array(filled.shape) - 1)
        values = filled[tuple(np.moveaxis(around, -1, 0))]
        known = ~np.isnan(values).all(axis=1)
        filled[tuple(missing[known].T)] = np.nanmedian(values[known], axis=1)
        missing = missing[~known]
    return filled


def _check_fits(some: NDArray[np.float64], ends: tuple[float, float], unit: Unit) -> None:
    """Refuse what whole numbers of 16 bits cannot hold; `some` and `ends` are in study units."""
    # Without the outermost values: a few outliers would hide that the others need fractions.
    spread = float(np.subtract(*np.percentile(some, [99.5, 0.5])))
    has_fractions = bool((some != np.rint(some)).any())
    if has_fractions and spread < _MIN_LEVELS[unit]:
        what = f"Values lie between {ends[0]:g} and {ends[1]:g} with fractions"
        if unit == "HU":
            raise ReadError(f"{what}, which are no HU; convert the scan back to HU.")
        factor = 10.0 ** np.ceil(np.log10(1000 / max(spread, ends[1] - ends[0], 1e-30)))
        raise ReadError(
            f"{what}, but whole numbers are stored; set the intensity factor of the study to "
            f"{factor:g} (the same for all scans) and preprocess again."
        )
    beyond = float(((some < _INT16[0]) | (some > _INT16[1])).mean())
    if unit == "arbitrary" and beyond > _MAX_BEYOND:
        largest = max(abs(ends[0]), abs(ends[1]))
        factor = 10.0 ** np.floor(np.log10(_INT16[1] / largest))
        raise ReadError(
            f"Values reach {largest:g}, but whole numbers up to {_INT16[1]} are stored; set the "
            f"intensity factor of the study to {factor:g} (the same for all scans) and "
            "preprocess again."
        )


def _whole(array: Array, factor: float) -> Array:
    """Values times `factor` as int16, half to even, in the same order in memory."""
    if array.dtype == np.int16 and factor == 1:
        return array
    whole = np.empty_like(array, dtype=np.int16)
    stored, axes, is_flipped = as_stored(array)
    upright = whole[tuple(slice(None, None, -1 if flip else 1) for flip in is_flipped)]
    target = upright.transpose(axes)
    for part in slabs(stored):
        scaled = stored[part].astype(np.float64) * factor
        np.clip(np.rint(scaled, out=scaled), *_INT16, out=scaled)
        target[part] = scaled
    return whole


def _scale_doubts(some: NDArray[np.float64], high: float, unit: Unit) -> tuple[str, ...]:
    """Sentences where the histogram does not look like HU; padding is left out."""
    if unit != "HU":
        return ()
    lowest = some.min()
    # More than 1 % at the very lowest value is padding, not the patient.
    body = some[some > lowest] if (some == lowest).mean() > 0.01 else some
    if not body.size or np.percentile(body, 1) < 0:
        return ()
    if high <= 255:
        return (
            f"Values run from {lowest:g} to {high:g}, as in a picture; they are hardly HU, where "
            "air is near -1000.",
        )
    return (
        f"No value but padding lies below 0 (the highest is {high:g}), as before rescaling to HU; "
        "check the rescale intercept, for air must be near -1000.",
    )


def _cut_doubts(ends: tuple[float, float], unit: Unit) -> tuple[str, ...]:
    """A sentence where arbitrary units go beyond what is stored."""
    if unit == "HU" or (ends[0] >= _INT16[0] and ends[1] <= _INT16[1]):
        return ()
    return (
        f"A few voxels (up to {max(ends, key=abs):g}) lie beyond the 16 bits that are stored and "
        "were cut to them.",
    )
