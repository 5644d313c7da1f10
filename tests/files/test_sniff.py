"""What a file is, told from bytes that other libraries wrote."""

import gzip
import io
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np
import openpyxl
import pytest
import SimpleITK
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from clam_core.errors import NotAScanError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.files.sniff import DESCRIPTIONS, identify, sniff
from clam_core.read.nifti import read_nifti
from tests.read.made_files import LIMITS, ct_like, mha_bytes, nifti_bytes, nrrd_bytes, saved


def kind(content: bytes) -> str:
    return sniff(content[:4096], len(content))


def picture(format_name: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(stream, format_name)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["png", "jpeg", "tiff", "bmp"])
def test_pictures(name):
    assert kind(picture(name)) == name


def test_nifti_of_both_versions_plain_and_packed():
    one = nifti_bytes(ct_like())
    two = nib.Nifti2Image(ct_like(), np.eye(4)).to_bytes()
    big = nib.Nifti1Image(ct_like(), np.eye(4), nib.Nifti1Header(endianness=">")).to_bytes()
    assert [kind(c) for c in (one, two, big)] == ["nifti"] * 3
    assert [kind(gzip.compress(c)) for c in (one, two, big)] == ["nifti"] * 3


def test_halves_of_a_pair_and_analyze(tmp_path):
    nib.save(nib.Nifti1Pair(ct_like(), np.eye(4)), tmp_path / "pair.hdr")
    nib.save(nib.AnalyzeImage(ct_like(), np.eye(4)), tmp_path / "old.hdr")
    assert identify(tmp_path / "pair.hdr") == "nifti-pair"
    assert identify(tmp_path / "old.hdr") == "nifti-pair"
    with pytest.raises(ReadError, match=r"pair.hdr is the header of a detached pair .* one .nii"):
        read_nifti(tmp_path / "pair.hdr", LIMITS)


@pytest.mark.parametrize("ending", ["nrrd", "mha", "mhd", "nii", "nii.gz", "png", "tif"])
def test_what_simpleitk_writes(tmp_path, ending):
    shape = (4, 5) if ending == "png" else (6, 5, 4)
    image = SimpleITK.GetImageFromArray(np.zeros(shape, np.uint8 if ending == "png" else np.int16))
    SimpleITK.WriteImage(image, str(tmp_path / f"a.{ending}"))
    expected = {"mha": "metaimage", "mhd": "metaimage", "nii": "nifti", "nii.gz": "nifti"}
    expected |= {"tif": "tiff"}
    assert identify(tmp_path / f"a.{ending}") == expected.get(ending, ending)


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
)
def test_dicom_without_preamble(syntax):
    dataset = Dataset()
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.SOPInstanceUID = "1.2.3"
    stream = io.BytesIO()
    little = syntax != ExplicitVRBigEndian
    dataset.save_as(
        stream,
        implicit_vr=syntax == ImplicitVRLittleEndian,
        little_endian=little,
        enforce_file_format=False,
    )
    assert kind(stream.getvalue()) == "dicom"


def test_dicom_with_preamble():
    dataset = Dataset()
    dataset.SOPInstanceUID, dataset.SOPClassUID = "1.2.3", "1.2.840.10008.5.1.4.1.1.2"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream = io.BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    assert kind(stream.getvalue()) == "dicom"


def test_what_is_no_image():
    book = io.BytesIO()
    openpyxl.Workbook().save(book)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("scan/a.dcm", b"x")
    found = {
        "office": book.getvalue(),
        "zip": archive.getvalue(),
        "gzip": gzip.compress(b"patient;age\n1;2\n"),
        "pdf": b"%PDF-1.7\n",
        "text": "patient;äge\n1;2\n".encode(),
        "empty": b"",
        "unknown": bytes(range(7, 200)),
    }
    assert {name: kind(content) for name, content in found.items()} == {n: n for n in found}
    assert kind("a,b\n".encode("utf-16")) == "text"
    assert kind(b"Name: x\nAge: 3\n") == "text"
    assert kind(b"BMI;age\n21;70\n" + b"x" * 5000) == "text"
    assert kind(gzip.compress(nifti_bytes(ct_like()))[:20]) == "gzip"


@given(st.binary(max_size=600), st.integers(0, 10**12))
def test_any_bytes_have_a_kind(content, size):
    assert sniff(content, size) in DESCRIPTIONS


@given(st.sampled_from(["nifti", "nrrd", "mha"]), st.integers(0, 400), st.binary(max_size=8))
def test_damaged_headers_have_a_kind(which, place, patch):
    whole = {"nifti": nifti_bytes, "nrrd": nrrd_bytes, "mha": mha_bytes}[which](ct_like())
    content = whole[:place] + patch + whole[place + len(patch) :]
    assert sniff(content, len(content)) in DESCRIPTIONS
    assert sniff(content[:place], place) in DESCRIPTIONS


@pytest.mark.parametrize("name", ["png", "jpeg"])
def test_bad_input_2_picture_renamed(tmp_path, name):
    path = saved(tmp_path, "scan.nii.gz", picture(name))
    with pytest.raises(ReadError, match=rf"scan.nii.gz is a {name.upper()} picture, not a NIfTI"):
        read_nifti(path, LIMITS)


def test_bad_input_1_empty_file(tmp_path):
    with pytest.raises(ReadError, match=r"^scan.nii is an empty file \(0 bytes\)"):
        read_nifti(saved(tmp_path, "scan.nii", b""), LIMITS)


def test_text_is_no_scan(tmp_path):
    with pytest.raises(NotAScanError, match=r"notes.nii is a text file, not a NIfTI file"):
        read_nifti(saved(tmp_path, "notes.nii", b"hello\n"), LIMITS)


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>.nii",
        "left\u202eiin.nii",
        "CON",
        "a\\b\\c.nii",
        "line\nbreak\x1b[31m.nii",
        "x" * 250 + ".nii",
    ],
)
def test_bad_input_30_hostile_names_are_shown_without_control_characters(tmp_path, name):
    path = tmp_path / "folder-jane-doe" / name
    path.parent.mkdir()
    path.write_bytes(nifti_bytes(ct_like())[:-1])
    with pytest.raises(ReadError, match=r"is cut off") as caught:
        read_nifti(path, LIMITS)
    said = str(caught.value)
    assert said.isprintable()
    assert "\u202e" not in said
    assert "jane" not in said
    assert len(said) < 300


@pytest.mark.parametrize("name", ["a\0b.nii", "x" * 300 + ".nii", "absent.nii", ""])
def test_names_that_cannot_be_opened(tmp_path, name):
    with pytest.raises(ReadError, match=r"(is no file that can|could not) be opened") as caught:
        read_nifti(tmp_path / name, LIMITS)
    assert str(tmp_path) not in str(caught.value)


def test_member_of_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as writer:
        writer.writestr("one/ct.nii.gz", gzip.compress(nifti_bytes(ct_like())))
        writer.writestr("broken.nii", nifti_bytes(ct_like()))
    member = FileRef(tmp_path / "all.zip", "one/ct.nii.gz")
    assert identify(member) == "nifti"
    np.testing.assert_array_equal(read_nifti(member, LIMITS).volume.array, ct_like())
    with pytest.raises(ReadError, match=r"other.nii could not be opened"):
        read_nifti(FileRef(tmp_path / "all.zip", "other.nii"), LIMITS)


def test_damaged_member_of_an_archive(tmp_path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as writer:
        writer.writestr("ct.nii", nifti_bytes(ct_like()))
    content = bytearray(path.read_bytes())
    content[40 + 355] ^= 255  # a voxel: the archive's checksum no longer fits
    path.write_bytes(content)
    with pytest.raises(ReadError, match=r"ct.nii (is damaged|could not be read)"):
        read_nifti(FileRef(path, "ct.nii"), LIMITS)


def test_special_files_are_not_opened():
    with pytest.raises(ReadError, match=r"zero is no file"):
        identify(Path("/dev/zero"))
