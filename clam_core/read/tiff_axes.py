"""Which axis of a TIFF file runs through the slices, and which are none of a volume's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from clam_core.errors import ReadError
from clam_core.wording import plural

if TYPE_CHECKING:
    from tifffile import TiffFile

_TAKEN_AS_SLICES = "The file calls its {n} pages {name}; they were taken as the slices of a volume."
MOST_CHANNELS = 7
"""ImageJ shows no more; more than that are slices which a program noted as channels."""
_NAMES = {"T": "time points", "C": "channels", "S": "samples", "Z": "slices"}
_UNNAMED = frozenset("ZQIP")
"""Axes of slices: depth, and those that the file leaves unnamed."""


def slices_of(tiff: TiffFile, name: str) -> tuple[int, tuple[str, ...]]:
    """Number of slices of the first series of a file.

    Args:
        tiff: The opened file.
        name: For the message.

    Returns:
        1 for a plane; and sentences.

    Raises:
        ReadError: If there are several channels, or slices at several times, or fewer pages
            than ImageJ has noted.
    """
    series = tiff.series[0]
    sizes = {
        axis: size
        for axis, size in zip(series.axes, series.shape, strict=True)
        if axis not in "YXS" and size > 1
    }
    _check_imagej(tiff, sizes, name)
    if len(sizes) > 1 or 1 < sizes.get("C", 1) <= MOST_CHANNELS:
        held = " of ".join(_words(axis, size) for axis, size in sizes.items())
        raise ReadError(
            f"{name} holds {held}; need one volume. Save one channel or time point as its own file."
        )
    for axis, size in sizes.items():
        is_slices = axis in _UNNAMED
        named = _NAMES.get(axis, "by another name")
        return size, () if is_slices else (_TAKEN_AS_SLICES.format(n=size, name=named),)
    return 1, ()


def pages_of(array: np.ndarray[Any, Any], axes: str, n_slices: int) -> np.ndarray[Any, Any]:
    """The slices of a decoded series, shape (slices, rows, columns, samples).

    Args:
        array: As tifffile gives it.
        axes: A letter for each of its axes: Y rows, X columns, S samples.
        n_slices: How many slices there are.
    """
    if "S" not in axes:
        array, axes = array[..., np.newaxis], f"{axes}S"
    order = [axes.index(axis) for axis in "YXS"]
    others = [axis for axis in range(array.ndim) if axis not in order]
    turned = array.transpose([*others, *order])
    return turned.reshape(n_slices, *turned.shape[-3:])


def _check_imagej(tiff: TiffFile, sizes: dict[str, int], name: str) -> None:
    """ImageJ notes how many pictures it wrote; tifffile reads on where they are not there."""
    noted = (tiff.imagej_metadata or {}).get("images", 1) if tiff.is_imagej else 1
    if isinstance(noted, int) and noted > 1 and not sizes and len(tiff.pages) == 1:
        raise ReadError(
            f"{name} is damaged or cut off: ImageJ notes {noted} pictures in it, and there is one; "
            "copy or export it again."
        )


def _words(axis: str, size: int) -> str:
    return plural(size, "page", _NAMES.get(axis, "pages"))
