"""An opened picture: what it declares, and its pages one by one, whoever decodes them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clam_core.errors import ClamError, LimitError, ReadError
from clam_core.read.result import ImageHeader

MAX_PAGES = 10_000

COLOURED = "The picture is in colour; its brightness was used."
TRANSPARENT = "The picture has transparent parts; transparency was ignored."

N_BYTES = {"uint8": 1, "int16": 2, "uint16": 2, "int32": 4, "float32": 4, "float64": 8}
"""Types that a page may have once it is decoded."""

_BRIGHTNESS = np.array([0.299, 0.587, 0.114])
_COLOUR_LEVELS, _COLOUR_SHARE = 8, 1e-3

Array = NDArray[Any]
Page = tuple[Array, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class PicturePages:
    """A picture whose header has been checked.

    Attributes:
        header: Shape (columns, rows) or (columns, rows, pages) and type once decoded.
        read_page: The brightness of a page, shape (columns, rows), and sentences.
        notes: Sentences about the file as a whole.
    """

    header: ImageHeader
    read_page: Callable[[int], Page]
    notes: tuple[str, ...] = ()


def header_of_picture(shape: tuple[int, ...], dtype: str) -> ImageHeader:
    """What a picture declares; while it is decoded a page may exist twice in 64 bits."""
    n_voxels = int(np.prod(shape, dtype=object))
    return ImageHeader(
        shape=shape,
        spacing_mm=(1.0,) * len(shape),
        ndim=len(shape),
        dtype=dtype,
        n_bytes_needed=n_voxels * N_BYTES[dtype] + 8 * shape[0] * shape[1],
    )


@contextmanager
def decoding(name: str) -> Iterator[None]:
    """Turn whatever a library says or raises on untrusted bytes into one sentence."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except ClamError:
        raise
    except (Image.DecompressionBombError, MemoryError):
        raise LimitError(
            f"{name} declares more pixels than a picture may have; crop or shrink it."
        ) from None
    except Exception as error:
        raise ReadError(
            f"{name} is damaged or of a kind that is not read; save it again as PNG."
        ) from error


def colour_notes(rgba: Array, full: float = 255) -> tuple[str, ...]:
    """Whether turning colour into brightness lost something.

    Args:
        rgba: Shape (rows, columns, 4).
        full: Value of white, and of what is not transparent.
    """
    spread = rgba[..., :3].max(axis=-1) - rgba[..., :3].min(axis=-1)
    coloured = float((spread > _COLOUR_LEVELS * full / 255).mean()) > _COLOUR_SHARE
    transparent = bool((rgba[..., 3] < full).any())
    return (COLOURED,) * coloured + (TRANSPARENT,) * transparent


def brightness(samples: Array, full: float) -> Page:
    """One number per pixel from gray, gray and alpha, RGB or RGBA, in the type of the samples.

    Args:
        samples: Shape (rows, columns, 1 to 4).
        full: Value of white.

    Returns:
        Shape (rows, columns), and sentences.

    Source:
        ITU-R BT.601, the weights that 8-bit pictures get.
    """
    alpha = (
        samples[..., -1:] if samples.shape[-1] in {2, 4} else np.full_like(samples[..., :1], full)
    )
    if samples.shape[-1] < 3:
        transparent = bool((alpha < full).any())
        return samples[..., 0], (TRANSPARENT,) * transparent
    notes = colour_notes(np.concatenate([samples[..., :3], alpha], axis=-1), full)
    mixed = samples[..., :3].astype(np.float64) @ _BRIGHTNESS
    if samples.dtype.kind in "iu":
        mixed = np.rint(mixed)
    return mixed.astype(samples.dtype), notes


def turned(plane: Array, orientation: int) -> Array:
    """A plane as it is meant to be seen.

    Args:
        plane: As stored, shape (rows, columns).
        orientation: Value of the orientation tag, 1 to 8; anything else counts as 1.

    Source:
        TIFF 6.0, tag 274; EXIF 2.3, table 6.
    """
    upright = plane.T if orientation in {5, 6, 7, 8} else plane
    upside_down = orientation in {3, 4, 7, 8}
    mirrored = orientation in {2, 3, 6, 7}
    return upright[:: -1 if upside_down else 1, :: -1 if mirrored else 1]
