"""Pictures of scans and of cluster means inside a report."""

from __future__ import annotations

import io
from base64 import b64encode

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import MissingStepError
from clam_core.figures.looks import Look, Plane, usual_window
from clam_core.figures.profiles import mean_picture
from clam_core.figures.slices import Layers, Picture, peak_index, thumbnail
from clam_core.report.html import Html, tag
from clam_core.report.material import Material
from clam_core.volume import Volume

QUALITY = 88
_PLANES: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
_AXES = {"axial": 2, "coronal": 1, "sagittal": 0}


def image(picture: Picture, alt: str) -> Html:
    """A picture inside the file, as JPEG without loss of color resolution."""
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "JPEG", quality=QUALITY, subsampling=0)
    height, width = picture.shape[:2]
    source = f"data:image/jpeg;base64,{b64encode(stream.getvalue()).decode()}"
    return tag("img", src=source, alt=alt, width=width, height=height)


def scan_picture(material: Material, scan_id: str) -> tuple[Picture, bool]:
    """The slice at the peak of a scan's map, the map on it.

    Args:
        material: The run.
        scan_id: A scan of the run.

    Returns:
        The picture, and whether it shows a map (else the middle slice of the scan).
    """
    volume = material.study.volume(scan_id)
    found: NDArray[np.float32] | None
    try:
        found = material.run.activation_map(scan_id)
    except MissingStepError:
        found = None
    look = Look(window=usual_window(volume), letters=True)
    longest = material.settings.picture_pixels
    return thumbnail(Layers(volume, found), look, longest), found is not None


def mean_pictures(material: Material, number: int) -> list[tuple[Plane, Picture, Picture]]:
    """Mean scan of a cluster, alone and with its mean map, at the peak of the map.

    Args:
        material: A run with maps.
        number: Cluster, from 1.

    Returns:
        Per plane (one for 2D scans) the mean scan alone, and with the map.
    """
    mean = np.asarray(material.run.array("cluster_means")[number - 1], dtype=np.float32)
    maps = np.asarray(material.run.array("cluster_maps"), dtype=np.float32)
    if not np.isfinite(mean).all():
        return []
    volume = Volume(mean, mean_affine(material, number), material.study.info.unit)
    strongest = float(np.nanmax(maps))
    look = Look(window=usual_window(volume), letters=True)
    peak = peak_index(maps[number - 1])
    planes = _PLANES if mean.ndim == 3 else _PLANES[:1]
    pictures = []
    for plane in planes:
        cut = (plane, peak[_AXES[plane]] if mean.ndim == 3 else 0)
        both = [mean_picture(volume, one, look, cut, strongest) for one in (None, maps[number - 1])]
        alone, with_map = (_shrunk(one, material.settings.picture_pixels) for one in both)
        pictures.append((plane, alone, with_map))
    return pictures


def mean_affine(material: Material, number: int) -> NDArray[np.float64]:
    """Mean of the affines of a cluster's scans: right for the shape of a voxel."""
    names = material.members.index[material.members["cluster"] == number]
    affines = np.stack(material.scans.loc[names, "affine"].to_list()).astype(np.float64)
    mean: NDArray[np.float64] = affines.mean(axis=0).reshape(4, 4)
    return mean


def _shrunk(picture: Picture, longest: int) -> Picture:
    """A picture whose longer side has at most so many pixels."""
    from PIL import Image

    height, width = picture.shape[:2]
    share = min(1.0, longest / max(height, width))
    size = (max(1, round(width * share)), max(1, round(height * share)))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC))
