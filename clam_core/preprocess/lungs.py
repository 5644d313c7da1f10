"""Find the lungs on a chest CT by density and shape, and say how far to trust the result."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import ReadError
from clam_core.preprocess.lung_air import airways, lung_air
from clam_core.preprocess.lung_quality import LungFacts, judge
from clam_core.preprocess.lung_sides import LEFT, RIGHT, close_sides, split_sides
from clam_core.preprocess.morphology import Mask
from clam_core.preprocess.region import Region
from clam_core.preprocess.resize import axis_weights, resize
from clam_core.settings import HU_MAX, HU_MIN

_VOXEL_MM, _MAX_VOXELS = 2.5, 8e6
_MIN_LITRES = 0.3

_NO_LUNGS = (
    "No lungs were found on this scan (less than 0.3 litres of lung-like air inside the body). "
    "If it shows no chest, choose 'No mask' (--mask none); otherwise give a mask in "
    "the scans table."
)


def find_lungs(array: NDArray[np.generic], spacing_mm: tuple[float, ...]) -> Region:
    """Segment both lungs, with vessels, nodules and most dense disease at the pleura.

    The scan is averaged to cubes of 2.5 mm. Air inside the body is taken, bowel
    gas and large airways are taken away, left and right are told apart. Each is
    closed with a radius of 10 mm, dents towards the chest wall (up to 8 cm long
    and 3 cm deep) and holes are filled. A lobe that is dense as a whole is lost.

    Args:
        array: Chest CT, shape (i, j, k), RAS+, HU; clamped here.
        spacing_mm: Voxel size, mm.

    Returns:
        The lungs on the averaged scan, with their volumes and a quality.

    Raises:
        ReadError: If there is less lung than 0.3 litres.

    Source:
        The steps of Hu, Hoffman & Reinhardt (2001), "Automatic lung segmentation
        for accurate quantitation of volumetric X-ray CT images", IEEE TMI 20(6),
        with a fixed threshold, on averaged voxels.
    """
    hu, size_mm = _averaged(array, spacing_mm)
    air, outside = lung_air(hu, size_mm, _MIN_LITRES)
    tubes = airways(hu, air, size_mm)
    air &= ~tubes
    litre = float(np.prod(size_mm)) / 1e6
    if air.sum() * litre < _MIN_LITRES:
        raise ReadError(_NO_LUNGS)
    sides = close_sides(split_sides(air, hu), hu, outside | tubes, min(size_mm))
    facts = _measure(sides, size_mm)
    quality, warnings = judge(facts)
    return Region(sides > 0, array.shape, quality, facts.left_litres, facts.right_litres, warnings)


def _averaged(
    array: NDArray[np.generic], spacing_mm: tuple[float, ...]
) -> tuple[NDArray[np.float32], tuple[float, float, float]]:
    """The whole scan in nearly cubic voxels of 2.5 mm, larger if it is very large."""
    lengths = [n * mm for n, mm in zip(array.shape, spacing_mm, strict=True)]
    # The edge at which all of the scan has _MAX_VOXELS: memory stays bounded for any scan.
    voxel_mm = max(_VOXEL_MM, float(np.cbrt(np.prod(lengths) / _MAX_VOXELS)))
    shape = [max(1, round(length / voxel_mm)) for length in lengths]
    weights = [axis_weights(n, m, -0.5, n) for n, m in zip(array.shape, shape, strict=True)]
    hu = resize(array, weights, HU_MIN, limits=(HU_MIN, HU_MAX))
    i, j, k = (length / m for length, m in zip(lengths, shape, strict=True))
    return np.ascontiguousarray(hu), (i, j, k)


def _measure(sides: NDArray[np.uint8], size_mm: tuple[float, float, float]) -> LungFacts:
    """Volumes of both lungs, and their areas on the faces of the field of view."""
    litre, lungs = float(np.prod(size_mm)) / 1e6, sides > 0
    return LungFacts(
        left_litres=float(np.count_nonzero(sides == LEFT) * litre),
        right_litres=float(np.count_nonzero(sides == RIGHT) * litre),
        top_cm2=_face_cm2(lungs, 2, -1, size_mm),
        bottom_cm2=_face_cm2(lungs, 2, 0, size_mm),
        sides_cm2=sum(_face_cm2(lungs, axis, end, size_mm) for axis in (0, 1) for end in (0, -1)),
    )


def _face_cm2(mask: Mask, axis: int, end: int, size_mm: tuple[float, float, float]) -> float:
    """Area of a mask on one face of the field of view, cm2."""
    area = float(np.prod(size_mm)) / size_mm[axis] / 100
    return float(np.take(mask, end, axis=axis).sum() * area)
