"""Pictures of scans and of cluster means inside a report."""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import MissingStepError
from clam_core.figures.slice_style import FOR_STOPS, PLANE_AXIS, Look, Plane
from clam_core.figures.slices import Layers, Picture, draw_slice, peak_index, thumbnail
from clam_core.figures.windows import usual_window
from clam_core.report.html import Html, tag
from clam_core.report.material import Material
from clam_core.report.svg import bar, drawing
from clam_core.volume import Volume

QUALITY = 90
FINE = 1.5
"""Pixels of a picture per pixel of the page, so that it is sharp in print."""

SIDES: dict[Plane, tuple[str, str]] = {
    "axial": ("R", "L"),
    "coronal": ("R", "L"),
    "sagittal": ("A", "P"),
}
"""What lies left and right in a picture: right, left, anterior, posterior."""


def image(picture: Picture, alt: str, plane: Plane | None = None) -> Html:
    """A picture inside the file, as JPEG without loss of color resolution.

    Args:
        picture: RGB.
        alt: What is seen.
        plane: How a scan was cut, to mark its sides; None marks nothing.

    Returns:
        The picture with its marks.
    """
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=QUALITY, subsampling=0)
    height, width = (round(n / FINE) for n in picture.shape[:2])
    source = f"data:image/jpeg;base64,{b64encode(stream.getvalue()).decode()}"
    shown = tag("img", src=source, alt=alt, width=width, height=height)
    sides = () if plane is None else zip(SIDES[plane], ("left", "right"), strict=True)
    marks = (tag("span", letter, class_=side, aria_hidden="true") for letter, side in sides)
    return tag("div", shown, *marks, class_="slice")


def strength_key() -> Html:
    """Which colors of a map mean weak and strong."""
    bars = [bar(18 * n, 0, 18, 12, fill=color) for n, color in enumerate(FOR_STOPS)]
    drawn = drawing(18 * len(bars), 12, "Colors from dark orange, weak, to light, strong.", *bars)
    return tag("div", "Map: weak", drawn, "strong", class_="strength")


def scan_picture(material: Material, scan_id: str) -> tuple[Picture, bool]:
    """The slice at the peak of a scan's map, the map on it.

    Args:
        material: The run.
        scan_id: A scan of the run.

    Returns:
        The picture, and whether it shows a map (else the middle slice of the scan).
    """
    volume = material.study.volume(scan_id)
    activation_map: NDArray[np.float32] | None
    try:
        activation_map = material.run.activation_map(scan_id)
    except MissingStepError:
        activation_map = None
    look = Look(window=usual_window(volume))
    return thumbnail(
        Layers(volume, activation_map), look, _longest(material)
    ), activation_map is not None


def mean_pictures(material: Material, number: int) -> list[tuple[Plane, Picture, Picture]]:
    """Mean scan of a cluster, alone and with its mean map, at the peak of the map.

    Args:
        material: A run with maps.
        number: Cluster, from 1.

    Returns:
        Per plane (one for 2D scans) the mean scan alone, and with the map; nothing where
        no scan of the cluster has a map.
    """
    mean = np.asarray(material.run.array("cluster_means")[number - 1], dtype=np.float32)
    maps = np.asarray(material.run.array("cluster_maps"), dtype=np.float32)
    own = maps[number - 1]
    if not np.isfinite(mean).all() or not np.isfinite(own).all():
        return []
    volume = Volume(mean, mean_affine(material, number), material.study.info.unit)
    overlay = (own / max(float(np.nanmax(maps)), 1e-9)).clip(0, 1)
    look = Look(window=usual_window(volume))
    planes: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
    peak, longest = peak_index(own), _longest(material)
    pictures = []
    for plane in planes if mean.ndim == 3 else planes[:1]:
        index = peak[PLANE_AXIS[plane]] if mean.ndim == 3 else 0
        alone, both = (
            draw_slice(Layers(volume, one), look, plane, index, longest) for one in (None, overlay)
        )
        pictures.append((plane, alone, both))
    return pictures


def mean_affine(material: Material, number: int) -> NDArray[np.float64]:
    """Mean of the affines of a cluster's scans: right for the shape of a voxel."""
    names = material.members.index[material.members["cluster"] == number]
    affines = np.stack(material.scans.loc[names, "affine"].to_list()).astype(np.float64)
    mean: NDArray[np.float64] = affines.mean(axis=0).reshape(4, 4)
    return mean


def _longest(material: Material) -> int:
    return round(FINE * material.settings.picture_pixels)
