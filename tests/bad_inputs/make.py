"""Bad inputs 1 to 30, laid in folders beside good scans."""

from __future__ import annotations

import gzip
import io
import stat
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.preprocess.make import Chest
from tests.read.dicom import make as dicom
from tests.read.made_files import (
    ct_like,
    mha_bytes,
    nifti_bytes,
    nrrd_bytes,
    saved,
    zero_bomb,
    zip_of_empty_files,
)

Array = NDArray[Any]
OUTSIDE = "canary-of-a-file-outside"


class SmallChest:
    """A whole chest of 75 x 60 x 55 voxels, HU, and its geometry."""

    def __init__(self) -> None:
        chest = Chest(disease=False)
        self.hu = np.asfortranarray(chest.volume.array[::2, ::2, ::2])
        self.lungs = np.asfortranarray((chest.left | chest.right)[::2, ::2, ::2]).astype(np.uint8)
        self.affine = chest.volume.affine @ np.diag([2.0, 2.0, 2.0, 1.0])

    def nifti(
        self, array: Array | None = None, affine: Array | None = None, **fields: Any
    ) -> bytes:
        """As a NIfTI file; other voxels, another geometry or header fields where given."""
        return nifti_bytes(
            self.hu if array is None else array,
            self.affine if affine is None else affine,
            **fields,
        )

    def sheared(self, degrees: float) -> Array:
        """Its geometry with slices shifted along the second axis, as a tilted gantry does."""
        shear = np.eye(4)
        spacing = np.linalg.norm(self.affine[:3, :3], axis=0)
        shear[1, 2] = np.tan(np.radians(degrees)) * spacing[2] / spacing[1]
        sheared: Array = self.affine @ shear
        return sheared


def picture(name: str) -> bytes:
    """A small gray picture."""
    stream = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(stream, name)
    return stream.getvalue()


def lay_unreadable(root: Path, chest: SmallChest) -> None:
    """Items 1 to 9: empty, renamed, cut off, lying or reaching outside."""
    whole = gzip.compress(chest.nifti(), 1)
    saved(root, "i01-empty.nii", b"")
    for kind in ("PNG", "JPEG"):
        saved(root, f"i02-{kind}.nii.gz", picture(kind))
    saved(root, "i03-cut.nii.gz", whole[: len(whole) // 2])
    saved(root, "i04-cut.nii", chest.nifti()[:-1000])
    stored = ct_like()
    saved(root, "i05-cut-mha.mha", mha_bytes(stored)[:-7])
    saved(root, "i05-cut-nrrd.nrrd", nrrd_bytes(stored)[:-7])
    huge = nifti_bytes(stored, dim=(3, 32767, 32767, 32767, 1, 1, 1, 1))
    saved(root, "i06-huge.nii", huge)
    saved(root, "i06-huge-gz.nii.gz", gzip.compress(huge))
    saved(root, "i07-huge.nrrd", nrrd_bytes(stored, sizes="100000 100000 100000"))
    outside = saved(root.parent, "outside.raw", OUTSIDE.encode() * 20)
    detached = nrrd_bytes(stored, data=b"", data_file=str(outside))
    saved(root, "i08-detached.nrrd", detached.replace(b"data_file", b"data file"))
    saved(root, "i09-detached.mha", mha_bytes(stored, data=b"", ElementDataFile="../outside.raw"))
    saved(root, "i09-list.mha", mha_bytes(stored, data=b"a.raw\n", ElementDataFile="LIST"))


def lay_doubtful(root: Path, chest: SmallChest) -> None:
    """Items 10 to 14: readable headers that mean nothing, and voxels that are no scan."""
    saved(root, "i10-bomb.nii.gz", zero_bomb(nifti_bytes(ct_like((64, 64, 64))), 10_000))
    for name, mm in (("nan", np.nan), ("zero", 0.0), ("negative", -2.0)):
        saved(root, f"i11-{name}.nii", chest.nifti(sform_code=0, pixdim=(1, mm, 2, 2, 0, 0, 0, 0)))
    broken = chest.hu.astype(np.float32)
    broken[:20, 0, 0] = np.nan
    saved(root, "i12-few-nan.nii", chest.nifti(broken))
    broken[:30, :30, 0] = np.inf
    saved(root, "i12-many-nan.nii", chest.nifti(broken))
    saved(root, "i13-time.nii", nifti_bytes(ct_like((4, 5, 6, 3))))
    saved(root, "i13-plane.nii", nifti_bytes(ct_like((14, 15))))
    saved(root, "i13-rgb-nii.nii", nifti_bytes(_colours()))
    saved(root, "i13-rgb-nrrd.nrrd", nrrd_bytes(ct_like((3, 4, 5, 6)), **_RGB))
    saved(root, "i14-sheared-2.nii", chest.nifti(affine=chest.sheared(2)))
    saved(root, "i14-sheared-12.nii", chest.nifti(affine=chest.sheared(12)))


_RGB = {
    "kinds": "RGB-color domain domain domain",
    "space_directions": "none (2,0,0) (0,3,0) (0,0,4)",
}


def _colours() -> Array:
    colours = np.zeros((4, 5, 6), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    colours["R"] = ct_like((4, 5, 6), "uint8")
    return colours


def lay_wrong_values(root: Path, chest: SmallChest) -> None:
    """Items 15 and 16: not in HU, not a chest, not CT."""
    raw = np.clip(chest.hu + 1024, 0, 4095)
    saved(root, "i15-unscaled.nii", chest.nifti(raw.astype(np.int16)))
    saved(root, "i15-unit.nii", chest.nifti((raw / 4095).astype(np.float32)))
    saved(root, "i15-bytes.nii", chest.nifti((raw // 16).astype(np.uint8)))
    rng = np.random.default_rng(4)
    head = np.where(np.hypot(*np.indices((40, 40)) - 20) < 15, 40, -1000)[:, :, None]
    noise = rng.normal(0, 20, (40, 40, 30))
    saved(
        root, "i16-head.nii", nifti_bytes((head + noise).astype(np.int16), np.diag([5, 5, 5, 1.0]))
    )
    for name, kind in (("MR", "4"), ("PT", "128")):
        tags = {"SOPClassUID": f"1.2.840.10008.5.1.4.1.1.{kind}", "Modality": name}
        dicom.series(root / f"i16-{name}", SeriesInstanceUID=dicom.uid(name), **tags)


def lay_masks(root: Path, chest: SmallChest) -> Path:
    """Item 17: scans with masks that do not belong to them; the table that names both."""
    elsewhere, finer = chest.affine.copy(), chest.affine @ np.diag([0.5, 0.5, 0.5, 1.0])
    elsewhere[:3, 3] += 5000.0
    masks = {
        "good": chest.nifti(chest.lungs),
        "empty": chest.nifti(np.zeros_like(chest.lungs)),
        "cropped": chest.nifti(chest.lungs[:, :, :-3]),
        "elsewhere": chest.nifti(chest.lungs, elsewhere),
        "half": chest.nifti(chest.lungs, finer),
        "cut": chest.nifti(chest.lungs)[:-2000],
    }
    lines = ["scan_id,path,mask"]
    for n, (name, content) in enumerate(masks.items()):
        saved(root, f"scan{n}.nii", chest.nifti(chest.hu + np.int16(n)))
        saved(root, f"mask{n}.nii", content)
        lines.append(f"{name},scan{n}.nii,mask{n}.nii")
    lines.append("gone,scan0.nii,mask99.nii")
    return saved(root.parent, "scans.csv", ("\n".join(lines) + "\n").encode())


def lay_archives(root: Path) -> None:
    """Item 29: a sound archive and unsafe ones."""
    spare = root.parent / "spare"
    good = dicom.series(spare, dicom.ramp(4, 12, 10), SeriesInstanceUID=dicom.uid("zip"))
    dicom.zipped(good, root / "z29-good.zip")
    whole = (root / "z29-good.zip").read_bytes()
    link = zipfile.ZipInfo("a.dcm")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    inner: dict[str, list[tuple[str | zipfile.ZipInfo, bytes]]] = {
        "parent": [("../escaped.dcm", whole)],
        "absolute": [("/tmp/escaped.dcm", b"x")],
        "link": [(link, b"/etc/passwd")],
        "nested": [("b.zip", whole)],
        "bomb": [("c.dcm", bytes(40 << 20))],
        "backslash": [("d\\e.dcm", b"x")],
    }
    for name, members in inner.items():
        with zipfile.ZipFile(root / f"z29-{name}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for ref in good:
                archive.write(ref.path, f"series/{ref.name}")
            for member, content in members:
                archive.writestr(member, content)
    saved(root, "z29-many.zip", zip_of_empty_files(100_001))


_HOSTILE = ["<img src=x onerror=alert(1)>1", "a\u202e1gpj", "CON1", "b\\..\\c1", "x" * 240 + "1"]
_HOSTILE += ["=cmd|' C calc'!A1", " 7 ", "\u0001\u00021", "**bold**1", "$\\frac12$", "`code`1"]
_HOSTILE += ["1\udcff", "9\u0301\u0301", "-rf 1", "null1\u2028", "aux.1"]
N_NAMES = len(_HOSTILE) + 1


def lay_names(root: Path) -> None:
    """Item 30: sound scans under names that mean harm, and one that is broken."""
    rng = np.random.default_rng(30)
    for name in ["good1", *_HOSTILE]:
        noise = rng.normal(-600, 200, (9, 10, 8)).astype(np.int16)
        saved(root, f"{name}.nii", nifti_bytes(noise))
    saved(root, "broken\u202e1\u0007.nii", b"")
