import nibabel
import numpy as np
import pytest

from clam_core.errors import GeometryError, ReadError, UnsafeFileError
from clam_core.read import header_checks
from clam_core.read.metaimage import read_metaimage, read_metaimage_header
from clam_core.read.nifti import read_nifti, read_nifti_header
from clam_core.read.nrrd import read_nrrd, read_nrrd_header
from clam_core.settings import ReadLimits

MHA = (
    "ObjectType = Image\nNDims = {n}\nDimSize = {sizes}\nElementSpacing = {ones}\n"
    "ElementType = MET_UCHAR\nElementDataFile = LOCAL\n"
)
NRRD = "NRRD0004\ntype: uint8\ndimension: {n}\nsizes: {sizes}\nspacings: {ones}\nencoding: raw\n\n"


def files(folder, sizes):
    """The same voxels in three formats."""
    voxels = np.arange(np.prod(sizes), dtype=np.uint8).reshape(sizes)
    words = {
        "n": len(sizes),
        "sizes": " ".join(map(str, sizes)),
        "ones": " ".join("1" * len(sizes)),
    }
    raw = voxels.tobytes(order="F")
    (folder / "a.mha").write_bytes(MHA.format(**words).encode() + raw)
    (folder / "a.nrrd").write_bytes(NRRD.format(**words).encode() + raw)
    nibabel.Nifti1Image(voxels, np.eye(4)).to_filename(folder / "a.nii")
    return voxels, {
        "mha": (read_metaimage_header, read_metaimage),
        "nrrd": (read_nrrd_header, read_nrrd),
        "nii": (read_nifti_header, read_nifti),
    }


def test_every_format_gives_the_same_header_and_voxels(tmp_path):
    voxels, readers = files(tmp_path, (5, 4, 3))
    for ending, (read_header, read) in readers.items():
        header = read_header(tmp_path / f"a.{ending}", ReadLimits())
        assert (header.shape, header.spacing_mm, header.ndim) == ((5, 4, 3), (1.0, 1.0, 1.0), 3)
        assert header.dtype == "uint8"
        np.testing.assert_array_equal(
            read(tmp_path / f"a.{ending}", ReadLimits()).volume.array, voxels
        )


def test_a_series_in_time_is_refused_with_one_sentence(tmp_path):
    _, readers = files(tmp_path, (5, 4, 3, 2))
    said = "has 2 time points; need one 3D volume. Save one of them as its own file."
    for ending in ("mha", "nii"):  # an axis of an NRRD file need not be time
        for read in readers[ending]:
            with pytest.raises(ReadError, match=said):
                read(tmp_path / f"a.{ending}", ReadLimits())


@pytest.mark.parametrize(
    ("check", "ok", "wrong", "said"),
    [
        (header_checks.check_axes, [(2, 10), (10, 10)], [(1, 10), (11, 10)], "has {0} axes; need"),
        (header_checks.check_single, [(0,), (1,)], [(2,)], "has {0} time points; need one 3D"),
        (header_checks.check_scalar, [(1,)], [(0,), (3,)], "has {0} numbers per voxel; need one"),
    ],
)
def test_counts_are_checked_at_their_bounds(check, ok, wrong, said):
    for values in ok:
        check(*values, "a.x")
    for values in wrong:
        with pytest.raises(ReadError, match="a.x " + said.format(*values)):
            check(*values, "a.x")


def test_fields_are_taken_once_and_have_to_be_there():
    fields = {}
    header_checks.add_field(fields, "type", " short ", "a.x")
    assert fields == {"type": "short"}
    with pytest.raises(ReadError, match="a.x has a header field twice; export it again"):
        header_checks.add_field(fields, "type", "short", "a.x")
    header_checks.check_fields(fields, ["type"], "a.x", "")
    with pytest.raises(ReadError, match="a.x has no 'sizes' in its NRRD header; export it again"):
        header_checks.check_fields(fields, ["type", "sizes", "more"], "a.x", "NRRD ")
    header_checks.check_unused("a.x", "skip", is_used=False)
    with pytest.raises(ReadError, match="a.x uses 'skip', which is not read; save it again"):
        header_checks.check_unused("a.x", "skip", is_used=True)
    header_checks.check_whole("a.x", "NRRD", is_whole=True)
    with pytest.raises(ReadError, match="a.x ends within its NRRD header; copy or export it"):
        header_checks.check_whole("a.x", "NRRD", is_whole=False)


def test_errors_say_what_to_do():
    error = header_checks.detached("a.x", ".mha")
    assert isinstance(error, UnsafeFileError)
    assert str(error).endswith("never opened; save it as one .mha file.")
    error = header_checks.no_voxel_size("a.x", "spacings", "NRRD ")
    assert isinstance(error, GeometryError)
    assert str(error) == "a.x states no voxel size; add 'spacings' to its NRRD header."
