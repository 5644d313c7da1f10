"""Slices of a scan as pictures: window, overlay, outlines, in radiological view."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import AlignmentError
from clam_core.figures.slice_style import (
    AGAINST_STOPS,
    FOR_STOPS,
    LETTER_COLOR,
    MASK_COLOR,
    PLANE_AXIS,
    Look,
    Plane,
    color_table,
)
from clam_core.preprocess.resize import axis_weights, resize
from clam_core.volume import Volume, display_slice

Picture = NDArray[np.uint8]
Map = NDArray[np.floating]

_SIDES: dict[Plane, tuple[str, str, str, str]] = {
    "axial": ("R", "L", "A", "P"),
    "coronal": ("R", "L", "S", "I"),
    "sagittal": ("A", "P", "S", "I"),
}
"""What lies left, right, on top and at the bottom of a picture."""


@dataclass(frozen=True, eq=False)
class Layers:
    """What is drawn on top of each other, all on one grid.

    Attributes:
        volume: The scan, RAS+.
        overlay: Map in [-1, 1], same shape; positive values speak for. None without one.
        mask: Its outline can be drawn; None without one.
    """

    volume: Volume
    overlay: Map | None = None
    mask: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        for name, array in (("map", self.overlay), ("mask", self.mask)):
            if array is not None and array.shape != self.volume.shape:
                raise AlignmentError(
                    f"A {name} of shape {array.shape} does not fit a scan of {self.volume.shape}."
                )


def draw_slice(
    layers: Layers, look: Look, plane: Plane, index: int = 0, longest: int = 512
) -> Picture:
    """One slice in radiological view, with square pixels.

    The patient's right is on the left of axial and coronal pictures and anterior is on
    top of axial ones; sagittal pictures have anterior on the left.

    Args:
        layers: Scan, map and mask.
        look: Window, colours, outlines.
        plane: Which way the scan is cut; ignored for a 2D scan.
        index: Voxel along the axis that is cut; the nearest one there is.
        longest: Pixels along the longer side.

    Returns:
        RGB, shape (rows, columns, 3).
    """
    axis = PLANE_AXIS[plane]
    index = int(np.clip(index, 0, layers.volume.shape[axis] - 1)) if _is_3d(layers) else 0
    pixels = _pixels(layers.volume, axis, longest)
    values = _fitted(display_slice(layers.volume.array, axis, index), pixels, smooth=True)
    low, high = look.window
    grey = (255 * ((values - low) / (high - low)).clip(0, 1)).astype(np.uint8)
    picture = np.repeat(grey[..., None], 3, axis=2)
    if layers.overlay is not None and look.style != "off":
        shown = _fitted(display_slice(layers.overlay, axis, index), pixels, smooth=look.smooth)
        _paint(picture, shown, look)
    if layers.mask is not None and look.mask_outline:
        inside = _fitted(display_slice(layers.mask, axis, index), pixels, smooth=True) >= 0.5
        picture[_line(inside)] = MASK_COLOR
    if look.letters:
        _mark_sides(picture, "coronal" if not _is_3d(layers) and _is_upright(layers) else plane)
    return picture


def peak_index(overlay: Map) -> tuple[int, ...]:
    """Voxel with the largest value of a map."""
    return tuple(int(n) for n in np.unravel_index(int(overlay.argmax()), overlay.shape))


def thumbnail(layers: Layers, look: Look, longest: int = 160) -> Picture:
    """The axial slice at the map's peak; the middle one without a map.

    Args:
        layers: Scan and map.
        look: Window, colours, outlines.
        longest: Pixels along the longer side.

    Returns:
        RGB, shape (rows, columns, 3).
    """
    shape = layers.volume.shape
    at = tuple(n // 2 for n in shape) if layers.overlay is None else peak_index(layers.overlay)
    return draw_slice(layers, look, "axial", at[-1], longest)


def to_png(picture: Picture) -> bytes:
    """A picture as a PNG file."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    return stream.getvalue()


def outline(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels inside with a neighbour outside; the rim of the picture counts as inside."""
    padded = np.pad(inside, 1, mode="edge")
    around = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    edge: NDArray[np.bool_] = inside & ~around
    return edge


def _line(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The outline, wide enough to be seen: one pixel in 250."""
    line = np.zeros_like(inside)
    for _ in range(max(1, round(max(inside.shape) / 250))):
        edge = outline(inside)
        line |= edge
        inside = inside & ~edge
    return line


def _paint(picture: Picture, values: NDArray[np.float32], look: Look) -> None:
    """Blend a map into a picture."""
    sides = [(values, FOR_STOPS)]
    if look.colors == "diverging":
        sides.append((-values, AGAINST_STOPS))
    for strength, stops in sides:
        is_shown = (strength >= look.threshold) & (strength > 0)
        if look.style == "outline":
            is_shown = _line(is_shown)
        share = np.where(look.style == "outline", 0.5, strength[is_shown].clip(0, 1))
        colors = color_table(stops)[np.rint(255 * share).astype(int)]
        opacity = 1.0 if look.style == "outline" else look.opacity
        blended = (1 - opacity) * picture[is_shown] + opacity * colors
        picture[is_shown] = np.rint(blended).astype(np.uint8)


def _pixels(volume: Volume, axis: int, longest: int) -> tuple[int, int]:
    """Rows and columns of square pixels."""
    sizes = [n * mm for n, mm in zip(volume.shape, volume.spacing_mm, strict=True)]
    across, up = sizes if len(sizes) == 2 else [s for a, s in enumerate(sizes) if a != axis]
    scale = longest / max(across, up)
    return max(1, round(up * scale)), max(1, round(across * scale))


def _fitted(
    plane: NDArray[np.generic], pixels: tuple[int, int], *, smooth: bool
) -> NDArray[np.float32]:
    """A slice at the size of the picture, interpolated or voxel by voxel."""
    if smooth:
        weights = [axis_weights(n, m, -0.5, n) for n, m in zip(plane.shape, pixels, strict=True)]
        return resize(plane, weights, 0.0)
    rows, columns = ((np.arange(m) * n // m) for n, m in zip(plane.shape, pixels, strict=True))
    return plane[np.ix_(rows, columns)].astype(np.float32)


def _is_3d(layers: Layers) -> bool:
    return layers.volume.array.ndim == 3


def _is_upright(layers: Layers) -> bool:
    """Whether a 2D scan is a coronal one: its second axis grows upwards."""
    return layers.volume.orientation.endswith("S")


def _mark_sides(picture: Picture, plane: Plane) -> None:
    """Write the sides of the patient at the edges of a picture."""
    from PIL import Image, ImageDraw, ImageFont

    height, width = picture.shape[:2]
    image = Image.fromarray(picture)
    brush = ImageDraw.Draw(image)
    font = ImageFont.load_default(max(11, max(height, width) // 26))
    places = [(3, height // 2, "lm"), (width - 3, height // 2, "rm")]
    places += [(width // 2, 3, "mt"), (width // 2, height - 3, "mb")]
    for letter, (x, y, anchor) in zip(_SIDES[plane], places, strict=True):
        brush.text(
            (x, y), letter, LETTER_COLOR, font, anchor, stroke_width=2, stroke_fill=(0, 0, 0)
        )
    picture[:] = np.asarray(image)
