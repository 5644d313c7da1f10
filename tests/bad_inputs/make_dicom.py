"""Bad inputs 18 to 28, DICOM series laid in folders beside a good one."""

from __future__ import annotations

import unicodedata
import zipfile
import zlib
from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset

from clam_core.files.file_ref import FileRef
from tests.read.dicom import make
from tests.read.made_files import ct_like, nifti_bytes, saved

NAME, PLACE, DATE = "Zebrowskicanary", "Quarxhospital", "19470523"
ACCENTED = unicodedata.normalize("NFD", "Zébrowskicanary")
DICOMDIR, SCREEN = "1.2.840.10008.1.3.10", "1.2.840.10008.5.1.4.1.1.7"


def stored(n: int = 8, salt: str = "") -> NDArray[np.uint16]:
    """Slices with values as of a CT before rescaling, 12 rows of 10."""
    rng = np.random.default_rng(zlib.crc32(salt.encode()))
    return rng.integers(0, 2000, (n, 12, 10)).astype(np.uint16)


def series(folder: Path, n: int = 8, **tags: Any) -> list[FileRef]:
    """A sound series of its own patient, after its folder's name."""
    one = make.uid(folder.name)
    own = {"SeriesInstanceUID": one, "PatientID": f"P{one[-8:]}"}
    return make.series(folder, stored(n, folder.name), **{**own, **tags})


def lay_broken(root: Path) -> None:
    """Items 18, 19, 23, 24 and 25: series that cannot be read."""
    series(root / "d18-gap")[3].path.unlink()
    cut = series(root / "d19-cut")[5].path
    cut.write_bytes(cut.read_bytes()[:-100])
    series(root / "d23-lost", ImagePositionPatient=None)
    series(root / "d24-lie", 3, Rows=60000, Columns=60000)
    for depth in (300, 100_000):
        (ref,) = series(root / f"d25-depth-{depth}", 1)
        make.nested(ref.path, depth)


def lay_mixed(root: Path) -> None:
    """Items 20, 21 and 22: series with more than one scan."""
    for ref in series(root / "d20-copies")[:3]:
        saved(ref.path.parent, f"copy_{ref.name}", ref.path.read_bytes())
    _add_scout(root / "d21-scout")
    lay_archives(root)
    series(root / "d22-mixed", PatientID=make.each("CCCCDDDD"))


def lay_archives(root: Path) -> None:
    """Item 22: two series of a patient, and two patients, in one archive each."""
    spare = root.parent / "spare"
    both = [*series(spare / "a1", 5, PatientID="A"), *series(spare / "a2", 6, PatientID="A")]
    _zipped(both, root / "d22-series.zip")
    _zipped([*series(spare / "b1", 5), *series(spare / "b2", 6)], root / "d22-patients.zip")


def _add_scout(folder: Path) -> None:
    """A series whose first image is a coronal overview of another size."""
    first = dcmread(series(folder, PatientID="P21")[0].path)
    scout = make.dataset(
        stored(1)[0, :9, :8],
        SeriesInstanceUID=first.SeriesInstanceUID,
        PatientID="P21",
        ImageOrientationPatient=list(make.CORONAL),
    )
    make.write(folder / "scout_1.dcm", scout)


def _zipped(refs: list[FileRef], path: Path) -> None:
    """An archive with a folder for each series."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for ref in refs:
            archive.write(ref.path, f"{ref.path.parent.name}/{ref.name}")


def lay_others(root: Path) -> None:
    """Items 26 and 27: what is no scan."""
    junk = root / "d26-junk"
    series(junk)
    saved(junk, "junk1.dcm", b"\x00\x01\x02 no image \xff" * 40)
    saved(junk, "junk2.dcm", b"")
    saved(junk, ".hidden", b"x")
    saved(junk, "Thumbs.db", b"x")
    make.write(junk / "DICOMDIR", make.dataset(stored(1)[0], SOPClassUID=DICOMDIR))
    series(root / "d27-screen", 2, SOPClassUID=SCREEN, Modality="OT")
    series(root / "d27-burned", BurnedInAnnotation="YES")


def lay_canary(root: Path) -> None:
    """Item 28: a patient's name in every text element, private elements, files, folders, zips."""
    folder = root / f"{NAME}_Anna"
    _planted(folder, "sound")
    cut = _planted(root / f"{NAME} cut", "cut")[2].path
    cut.write_bytes(cut.read_bytes()[:-60])
    tail = _planted(root / "short-9", "short")[1].path
    tail.write_bytes(tail.read_bytes()[:400])
    _zipped(_planted(root.parent / "spare" / f"{NAME}9", "zipped"), root / f"{NAME}-2.zip")
    saved(root, f"{NAME}_7.nii", b"\x5c\x01\x00\x00" + bytes(400))
    saved(root, f"{ACCENTED}_8.nii", b"")
    saved(root, f"{NAME}_9.nii", nifti_bytes(ct_like((9, 10, 8))))
    saved(root, f"{NAME} letter.txt", b"dear colleague")
    _planted(root / "gap-1", "gap")[4].path.unlink()


def _planted(folder: Path, salt: str) -> list[FileRef]:
    folder.mkdir(parents=True)
    refs = []
    for n, pixels in enumerate(stored(8, salt)):
        made = deepcopy(_planted_slice())
        made.SeriesInstanceUID, made.SOPInstanceUID = make.uid(salt), make.uid(salt, n)
        made.ImagePositionPatient = [0, 0, 2.0 * n]
        made.PixelData = pixels.tobytes()
        refs.append(make.write(folder / f"{NAME}_{n}.dcm", made))
    return refs


@lru_cache
def _planted_slice() -> Dataset:
    plain = make.dataset(stored(1)[0], RescaleType="HU")
    made = make.plant(plain, NAME, PLACE, DATE)
    block = made.private_block(0x0029, f"{PLACE} PRIVATE", create=True)
    block.add_new(0x10, "PN", f"{NAME}^Anna")
    block.add_new(0x11, "LT", f"{NAME} was born on {DATE}")
    return made
