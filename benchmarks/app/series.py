"""Studies of whole CT series for the benchmark of the view, read by the app's own steps."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.app.studies import RUN, Shown, give_run
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Study

SIDE, SPAN_MM = 512, 300.0
_CT = "1.2.840.10008.5.1.4.1.1.2"
_ROOT = "1.2.826.0.1.3680043.8.498"


def make_series_study(
    root: Path, name: str, size: tuple[int, int], *, packed: bool = False
) -> Shown:
    """Write series, make a study of them, and give it a run with maps.

    Args:
        root: Folder of studies; the series go to `<name>-scans` beside it.
        name: Of the study.
        size: How many scans, and slices in each, 512 x 512.
        packed: Whether each series is a zip archive.
    """
    n_scans, n_slices = size
    home = root.parent / f"{name}-scans"
    for number in range(n_scans):
        _write_series(home / f"P{number:02d}", number, n_slices, packed=packed)
    create(root / name, home, None, CreateOptions(n_workers=2))
    study = Study(root / name)
    preprocess(study, PreprocessSettings(mask="none"), 2)
    return give_run(study)


def _write_series(folder: Path, number: int, n_slices: int, *, packed: bool) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(number)
    # Noise that does not compress, as that of a CT; a slice is another part of it.
    noise = rng.normal(150, 60, (SIDE + n_slices, SIDE)).clip(0, 3000).astype("<u2")
    noise[:, SIDE // 4 : 3 * SIDE // 4] += 900
    archive = zipfile.ZipFile(folder / "ct.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    for place in range(n_slices):
        path = folder / f"{place:04d}.dcm"
        _write_slice(path, noise[place : place + SIDE], number, (place, n_slices))
        if packed:
            archive.write(path, path.name)
            path.unlink()
    archive.close()
    if not packed:
        (folder / "ct.zip").unlink()


def _write_slice(path: Path, stored: NDArray[Any], number: int, place: tuple[int, int]) -> None:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    index, n_slices = place
    one = Dataset()
    values = {
        "SOPClassUID": _CT,
        "SOPInstanceUID": f"{_ROOT}.{number + 1}.3.{index + 1}",
        "SeriesInstanceUID": f"{_ROOT}.{number + 1}.2",
        "StudyInstanceUID": f"{_ROOT}.{number + 1}.1",
        "FrameOfReferenceUID": f"{_ROOT}.{number + 1}.4",
        "PatientID": f"P{number:02d}",
        "Modality": "CT",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
        "ImagePositionPatient": [-175.0, -175.0, round(index * SPAN_MM / n_slices, 4)],
        "PixelSpacing": [350.0 / SIDE, 350.0 / SIDE],
        "SliceThickness": round(SPAN_MM / n_slices, 4),
        "InstanceNumber": n_slices - index,
        "Rows": SIDE,
        "Columns": SIDE,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 0,
        "RescaleSlope": 1,
        "RescaleIntercept": -1024,
        "RescaleType": "HU",
    }
    for keyword, value in values.items():
        setattr(one, keyword, value)
    one.PixelData = stored.tobytes()
    one.file_meta = FileMetaDataset()
    one.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    one.file_meta.MediaStorageSOPClassUID = one.SOPClassUID
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    one.save_as(path, enforce_file_format=True)


__all__ = ["RUN", "make_series_study"]
