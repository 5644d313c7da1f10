"""Many small scans with masks and a clinical table, written as quickly as files can be."""

from __future__ import annotations

from pathlib import Path

import nibabel
import numpy as np
import pandas as pd
from numpy.typing import NDArray

N_GROUPS = 3
VOXEL_MM = 10.0


def make_cohort(folder: Path, n_scans: int, side: int) -> None:
    """Write `scans/`, `scans.csv` and `clinical.csv`.

    A scan is noise in a ball, denser in one of three places: its group.

    Args:
        folder: Exists.
        n_scans: Number of scans, each with a mask.
        side: Voxels along each axis.
    """
    scans = folder / "scans"
    scans.mkdir()
    rng = np.random.default_rng(0)
    groups = rng.integers(0, N_GROUPS, n_scans)
    inside, places = _ball(side), _places(side)
    mask = _header_and(inside.astype(np.uint8))
    for row, group in enumerate(groups):
        values = rng.normal(-850, 60, inside.shape) + 250 * places[group]
        volume = np.where(inside, values, 40).astype(np.int16)
        (scans / f"scan-{row:05d}.nii").write_bytes(_header_and(volume))
        (scans / f"mask-{row:05d}.nii").write_bytes(mask)
    ids = [f"{row:05d}" for row in range(n_scans)]
    pd.DataFrame(
        {
            "scan_id": [f"scan-{name}" for name in ids],
            "subject_id": [f"subject-{name}" for name in ids],
            "path": [f"scan-{name}.nii" for name in ids],
            "mask": [f"mask-{name}.nii" for name in ids],
        }
    ).to_csv(folder / "scans.csv", index=False)
    _clinical(groups, ids, rng).to_csv(folder / "clinical.csv", index=False)


def _axes(side: int) -> list[NDArray[np.float64]]:
    return list(np.meshgrid(*[np.linspace(-1, 1, side)] * 3, indexing="ij"))


def _ball(side: int) -> NDArray[np.bool_]:
    inside: NDArray[np.bool_] = sum(np.square(axis) for axis in _axes(side)) < 0.95  # type: ignore[assignment]
    return inside


def _places(side: int) -> list[NDArray[np.float64]]:
    """Where each group is denser: low, in the middle, high along the first axis."""
    x, y, z = _axes(side)
    return [np.exp(-8 * ((x - at) ** 2 + y**2 + z**2)) for at in (-0.6, 0.0, 0.6)]


def _header_and(array: NDArray[np.generic]) -> bytes:
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    image = nibabel.Nifti1Image(array, affine)  # type: ignore[no-untyped-call]
    return bytes(image.to_bytes())


def _clinical(groups: NDArray[np.int64], ids: list[str], rng: np.random.Generator) -> pd.DataFrame:
    """Age and sex, which have nothing to do with the group, and lung function, which has."""
    n_scans = len(ids)
    return pd.DataFrame(
        {
            "subject_id": [f"subject-{name}" for name in ids],
            "age": rng.integers(25, 80, n_scans),
            "sex": rng.choice(["F", "M"], n_scans),
            "fvc_pred": (90 - 4 * groups + rng.normal(0, 12, n_scans)).round(1),
            "dlco_pred": (80 + rng.normal(0, 12, n_scans)).round(1),
        }
    )
