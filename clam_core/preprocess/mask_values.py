"""What the values of a given mask mean: one label, a choice of labels, or probabilities."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ReadError
from clam_core.preprocess.memory_order import as_stored, slabs
from clam_core.preprocess.morphology import Mask

_NEARLY_WHOLE = 0.01
_MANY_LABELS = 20
_IMAGE = " So many may also be an image, or probabilities stored as 0 to 255: these are no mask."
_PADDING = -900
_FEW_LABELS = 8
_MAX_LABELS, _MAX_LABEL = 256, 1_000_000
_MOST_NAMED = 20
_FULL_SCALES = ((250, 255), (65_000, 65_535))
_AT_AN_END, _SHARE_AT_ENDS = 0.1, 0.95
_LOWEST_SHARE, _HIGHEST_SHARE = -0.35, 1.35
_ASKED = re.compile(r"The mask holds \d+ labels? \(([-0-9, ]+)|.* wanted .*; it holds ([-0-9, ]+)")

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class MaskedVoxels:
    """The voxels that a mask means.

    Attributes:
        inside: Same shape as the mask as read.
        notes: What had to be decided about its values, one sentence each.
    """

    inside: Mask
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Values:
    """What kinds of numbers an array holds; those that are NaN or infinite are not counted."""

    low: float
    high: float
    off: float
    n_not_finite: int
    labels: tuple[int, ...]


def read_mask_values(array: Array, wanted: Collection[int] = ()) -> MaskedVoxels:
    """Tell inside from outside by the values of a mask.

    0 is outside, and so are numbers at or below -900, with which programs fill up what
    they do not cover. One other value is inside. Several need a choice, for nobody but the
    user knows which of them is meant. Fractions from 0 to 1, and gray levels that are
    nearly all black or white, are cut in the middle.

    Args:
        array: Values as read, any shape.
        wanted: Labels that are inside; none lets the mask itself tell.

    Returns:
        The voxels inside, and what was decided.

    Raises:
        ReadError: If the mask is empty, has several labels of which none was chosen,
            none of those that were chosen, or values that are no labels.
    """
    values = _values(array)
    notes: list[str] = []
    if values.n_not_finite:
        notes.append(f"{values.n_not_finite:,} voxels of the mask hold no number; outside.")
    is_whole = values.off <= _NEARLY_WHOLE and bool(values.labels)
    # whole gray levels of a blurred or JPEG mask are many; labels with a scale of 255 are few
    is_gray = not wanted and len(values.labels) > _FEW_LABELS and _is_black_or_white(array, values)
    if is_whole and not is_gray:
        chosen, said = _choose(values.labels, wanted)
        return MaskedVoxels(_has_label(array, chosen), (*notes, *said))
    cut, decided = _cut(array, values, wanted)
    with np.errstate(invalid="ignore"):
        inside = (array >= cut) & np.isfinite(array)
    if not inside.any():
        raise ReadError(
            f"The mask holds fractions up to {values.high:.3g}, none of them at or above {cut:g}, "
            "so nothing would be inside; give a mask with 1 inside and 0 outside."
        )
    return MaskedVoxels(inside, (*notes, decided))


def asked_labels(reasons: Iterable[str]) -> list[int]:
    """Labels among which a choice is needed, from the sentences of scans that failed for it."""
    found = (match for match in map(_ASKED.search, reasons) if match is not None)
    texts = (text for match in found for text in (match[1] or match[2]).split(","))
    return sorted({int(text) for text in texts if text.strip()} - {0})


def _values(array: Array) -> _Values:
    """Range, distance from whole numbers, and labels, without sorting all voxels."""
    stored = as_stored(array)[0]
    low, high, off, n_bad = np.inf, -np.inf, 0.0, 0
    labels: set[int] = set()
    for part in slabs(stored):
        some = stored[part].ravel()
        if some.dtype.kind == "f":
            finite = np.isfinite(some)
            n_bad += int(some.size - np.count_nonzero(finite))
            some = some[finite].astype(np.float64)
        if not some.size:
            continue
        first, last = float(some.min()), float(some.max())
        low, high = min(low, first), max(high, last)
        if some.dtype.kind == "f":
            off = max(off, float(np.abs(some - np.rint(some)).max()))
        if off <= _NEARLY_WHOLE and len(labels) <= _MAX_LABELS and -low <= _MAX_LABEL >= high:
            labels |= _labels_of(some, round(first), round(last))
    known = len(labels) <= _MAX_LABELS and -low <= _MAX_LABEL >= high
    return _Values(low, high, off, n_bad, tuple(sorted(labels)) if known else ())


def _labels_of(some: Array, first: int, last: int) -> set[int]:
    """Different whole numbers of one part."""
    if last - first > 1 << 17:
        return {int(value) for value in np.unique(np.rint(some))}
    places = (np.rint(some) if some.dtype.kind == "f" else some).astype(np.int64) - first
    return {int(place) + first for place in np.flatnonzero(np.bincount(places))}


def _choose(labels: Sequence[int], wanted: Collection[int]) -> tuple[list[int], list[str]]:
    """The labels that are inside, with a note where others were taken as outside."""
    padding = [label for label in labels if label <= _PADDING]
    held = [label for label in labels if label != 0 and label not in padding]
    if wanted:
        chosen = [label for label in labels if label in wanted]
        if not chosen:
            raise ReadError(
                f"The mask holds none of the labels that are wanted ({_list(sorted(wanted))}); it "
                f"holds {_list(labels)}. Name others (--mask-label), or give another mask."
            )
        return chosen, []
    if not held:
        what = "zero" if not padding else f"0 or padding ({_list(padding)})"
        raise ReadError(
            f"The mask is empty (all its voxels are {what}); give another, or choose --mask lungs "
            "or --mask none."
        )
    if held[0] < -1:
        raise ReadError(
            f"The mask holds {len(held)} different numbers from {held[0]} to {held[-1]}, as an "
            "image in HU does; give a mask of labels, 0 outside."
        )
    is_outside_known = 0 in labels or bool(padding)
    if len(held) > 1 or held[0] < 0:
        nothing = "" if is_outside_known else "; it has no 0 outside"
        number = f"{len(held)} label{'s' if len(held) > 1 else ''}"
        raise ReadError(
            f"The mask holds {number} ({_list(held)}){nothing}. Name the one that is inside, such "
            f"as --mask-label {held[0]}, or several with commas; on the page Cohort they can be "
            f"chosen, too.{_IMAGE if len(held) > _MANY_LABELS else ''}"
        )
    said = [f"Voxels of {_list(padding)} in the mask were taken as outside."] if padding else []
    return held, said


def _has_label(array: Array, chosen: Sequence[int]) -> Mask:
    """Voxels that hold one of a few labels, in the order in memory of the array."""
    inside: Mask = np.zeros_like(array, dtype=bool)
    with np.errstate(invalid="ignore"):
        for label in chosen:
            inside |= np.abs(array - label) < 0.5 if array.dtype.kind == "f" else array == label
    return inside


def _cut(array: Array, values: _Values, wanted: Collection[int]) -> tuple[float, str]:
    """Where values that are no labels are cut, and the sentence about it."""
    low, high = values.low, values.high
    if wanted and set(wanted) != {1}:
        raise ReadError(
            f"The mask holds values from {low:.4g} to {high:.4g} that are no labels, so the labels "
            f"that are wanted ({_list(sorted(wanted))}) cannot be found in it; give a label map."
        )
    if low >= _LOWEST_SHARE and high <= _HIGHEST_SHARE:
        return 0.5, (
            f"The mask holds fractions from {low:.3g} to {high:.3g}, as a map of probabilities "
            "does; voxels at or above 0.5 were taken as inside."
        )
    if _is_black_or_white(array, values):
        return high / 2, (
            f"The mask holds gray levels from {low:.3g} to {high:.5g}, nearly all black or white; "
            f"voxels at or above {high / 2:.5g} were taken as inside."
        )
    how = "fractions" if values.off > _NEARLY_WHOLE else f"more than {_MAX_LABELS} different values"
    raise ReadError(
        f"The mask holds {how} from {low:.4g} to {high:.4g}, as an image does, which are no "
        "labels; give a mask with 1 inside and 0 outside."
    )


def _is_black_or_white(array: Array, values: _Values) -> bool:
    """Whether gray levels lie nearly all within a tenth of the range from 0 or from white."""
    high = values.high
    if values.low <= -1 or not any(a <= round(high) <= b for a, b in _FULL_SCALES):
        return False
    with np.errstate(invalid="ignore"):
        middle = (array > _AT_AN_END * high) & (array < (1 - _AT_AN_END) * high)
    return 1 - float(middle.mean()) >= _SHARE_AT_ENDS


def _list(labels: Sequence[int]) -> str:
    """Labels with commas; not more than a person reads."""
    shown = ", ".join(str(label) for label in labels[:_MOST_NAMED])
    return shown if len(labels) <= _MOST_NAMED else f"{shown} and {len(labels) - _MOST_NAMED} more"
