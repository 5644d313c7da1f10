"""Cohorts with known groups, on the grid that the network sees."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core.errors import SettingsError
from clam_core.files.file_ref import FileRef
from clam_core.phantom import PhantomScan, SimulationSettings, simulation_cohort, simulation_groups
from clam_core.preprocess.prepare import prepare
from clam_core.read.reading import read_scan
from clam_core.settings import PreprocessSettings, ReadLimits, Unit
from clam_core.volume import Volume


@dataclass(frozen=True, eq=False)
class Cohort:
    """Scans on one grid with the truth about them.

    Attributes:
        name: What it is, for the tables.
        volumes: int16, shape (n_scans, *grid).
        masks: bool, same shape; None without masks.
        groups: True group of each scan, from 0, shape (n_scans,).
        unit: `HU` or `arbitrary`.
        lesions: bool, same shape as the volumes; None where unknown.
        distractors: Blobs that every scan has, same shape; None without.
        sizes_mm: Diameter of each scan's lesion, shape (n_scans,); None where unknown.
    """

    name: str
    volumes: NDArray[np.int16]
    masks: NDArray[np.bool_] | None
    groups: NDArray[np.int64]
    unit: Unit = "HU"
    lesions: NDArray[np.bool_] | None = None
    distractors: NDArray[np.bool_] | None = None
    sizes_mm: NDArray[np.float64] | None = None

    @property
    def grid(self) -> tuple[int, ...]:
        """Voxels along each axis."""
        return self.volumes.shape[1:]

    @property
    def n_groups(self) -> int:
        """Number of true groups."""
        return int(self.groups.max()) + 1

    def read(self, row: int) -> tuple[NDArray[np.int16], NDArray[np.bool_] | None]:
        """Volume and mask of one scan."""
        return self.volumes[row], None if self.masks is None else self.masks[row]


def simulated(settings: SimulationSettings, grid: tuple[int, ...]) -> Cohort:
    """A simulated cohort after the usual preprocessing: cropped to the lungs, scaled to the grid.

    Args:
        settings: What differs between the groups, and how much else varies.
        grid: Voxels along each axis.

    Returns:
        The cohort with lesions and distractors on the same grid.
    """
    names = simulation_groups(settings)
    wanted = PreprocessSettings(grid=grid, mask="given", crop="mask")
    rows, groups = [], []
    for scan in simulation_cohort(settings):
        rows.append(on_grid(scan, wanted))
        groups.append(names.index(str(scan.truth["group"])))
    volumes, masks, lesions, distractors = (np.stack(part) for part in zip(*rows, strict=True))
    return Cohort(
        f"{settings.family}, {settings.scenario}, {settings.anatomy}, side {settings.side}",
        volumes,
        masks,
        np.array(groups),
        "HU",
        lesions,
        distractors if settings.distractor else None,
    )


def nodules(folder: Path, *, masked: bool, grid: tuple[int, ...] = (32, 32, 32)) -> Cohort:
    """Lung nodules with their diagnosis: cubes of 40 mm around the middle of the mask.

    Args:
        folder: `lidc_voi3d_dev`, with scans.csv and nodule_metadata.csv.
        masked: Whether the network may use the mask; without, the field of view is kept.
        grid: Voxels along each axis, 1.25 mm each.

    Returns:
        The cohort; group 1 is malignant.
    """
    table = pd.read_csv(folder / "scans.csv", dtype=str)
    facts = pd.read_csv(folder / "nodule_metadata.csv", dtype={"id": str}).set_index("id")
    wanted = PreprocessSettings(grid=grid, spacing_mm=1.25, mask="given", crop="mask")
    volumes, masks = [], []
    for row in table.itertuples():
        scan = _read(folder / str(row.path), "HU")
        prepared = prepare(scan, _read(folder / str(row.mask), "arbitrary"), wanted)
        volumes.append(prepared.volume.array)
        masks.append(prepared.mask)
    labels = facts.loc[table["scan_id"], "Diagnosis"].astype(str).str.lower()
    groups = labels.str.startswith("malig").to_numpy().astype(np.int64)
    name = "LIDC nodules, masked" if masked else "LIDC nodules, no mask"
    stacked = np.stack([mask for mask in masks if mask is not None])
    sizes = facts.loc[table["scan_id"], "diameter_mm"].to_numpy(dtype=np.float64)
    return Cohort(name, np.stack(volumes), stacked if masked else None, groups, sizes_mm=sizes)


def pictures(folder: Path) -> Cohort:
    """1,200 pictures of six kinds (MedNIST), shape (1200, 64, 64)."""
    found = sorted(folder.glob("*.npz"))
    if not found:
        raise SettingsError(f"There is no .npz file in {folder.name!r}.")
    with np.load(found[0], allow_pickle=False) as stored:
        volumes = stored["images"].astype(np.int16)
        groups = stored["labels"].astype(np.int64)
    return Cohort("MedNIST, 1,200 pictures", volumes, None, groups, "arbitrary")


def digits(folder: Path) -> Cohort:
    """The MNIST test set, 10,000 digits, shape (10000, 28, 28)."""
    images = _idx(next(iter(sorted(folder.glob("*images*")))), 16).reshape(-1, 28, 28)
    groups = _idx(next(iter(sorted(folder.glob("*labels*")))), 8)
    return Cohort(
        "MNIST test set", images.astype(np.int16), None, groups.astype(np.int64), "arbitrary"
    )


def on_grid(scan: PhantomScan, settings: PreprocessSettings) -> tuple[NDArray[np.generic], ...]:
    """Volume, mask, lesion and distractor of one synthetic scan on the grid."""
    affine = scan.volume.affine
    lungs = Volume(scan.lung_mask.astype(np.uint8), affine, "arbitrary")
    prepared = prepare(scan.volume, lungs, settings)
    marks = [scan.lesion_mask, scan.distractor_mask]
    moved = [
        np.zeros(settings.grid, bool) if mark is None else _moved(mark, affine, prepared.volume)
        for mark in marks
    ]
    if prepared.mask is None:
        raise SettingsError("The synthetic scan has no lungs on this grid.")
    return prepared.volume.array, prepared.mask, moved[0], moved[1]


def _moved(mark: NDArray[np.bool_], affine: NDArray[np.float64], onto: Volume) -> NDArray[np.bool_]:
    """A mask sampled (nearest voxel) at the positions of another grid."""
    to_voxel = np.linalg.inv(affine) @ onto.affine
    axes = np.meshgrid(*(np.arange(n) for n in onto.shape), indexing="ij")
    points = np.stack([axis.ravel() for axis in axes], axis=-1).astype(np.float64)
    if onto.array.ndim == 2:
        points = np.column_stack([points, np.zeros(len(points))])
    index = np.rint(points @ to_voxel[:3, :3].T + to_voxel[:3, 3]).astype(int)[:, : mark.ndim]
    inside = ((index >= 0) & (index < mark.shape)).all(axis=1)
    marked = np.zeros(len(points), bool)
    marked[inside] = mark[tuple(index[inside].T)]
    return marked.reshape(onto.shape)


def _read(path: Path, unit: Unit) -> Volume:
    return read_scan("nifti", [FileRef(path)], ReadLimits(), unit).volume


def _idx(path: Path, header: int) -> NDArray[np.uint8]:
    content = path.read_bytes()
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    return np.frombuffer(content, np.uint8, offset=header)
