"""One slice of a known series, found by its position, equal to that of the whole."""

import numpy as np
import pytest

from clam_core.errors import ClamError
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom import one_slice, read_series
from clam_core.read.dicom.one_slice import read_slice
from clam_core.settings import ReadLimits
from tests.read.dicom import make

N = 40


def written(folder, **tags):
    """Files of a series in the order of their slices, and the volume of all of them."""
    make.series(folder, make.ramp(N), **tags)
    refs = [FileRef(path) for path in folder.iterdir()]
    number = {ref: make.read_headers([ref])[0].planes[0].position[2] for ref in refs}
    refs.sort(key=number.__getitem__)
    return refs, read_series(refs, ReadLimits()).volume


@pytest.mark.parametrize("order", [1, -1])
def test_every_slice_is_found_with_few_looks_and_is_the_readers(tmp_path, order, monkeypatch):
    refs, volume = written(tmp_path)
    looks = []
    real = one_slice.read_headers
    monkeypatch.setattr(one_slice, "read_headers", lambda one: (looks.append(1), real(one))[1])
    for index in range(N):
        found = read_slice(refs[::order], volume.affine, volume.shape, index)
        np.testing.assert_array_equal(found, volume.array[:, :, index])
    assert len(looks) <= 2 * N


@pytest.mark.parametrize("mix", [sorted, lambda names: names[N // 2 :] + names[: N // 2]])
def test_files_in_another_order_never_give_another_slice(tmp_path, mix):
    refs, volume = written(tmp_path)
    mixed = [refs[int(name)] for name in mix([str(n) for n in range(N)])]
    n_found = 0
    for index in range(N):
        found = read_slice(mixed, volume.affine, volume.shape, index)
        if found is not None:
            n_found += 1
            np.testing.assert_array_equal(found, volume.array[:, :, index])
    assert n_found < N  # the others come with the whole scan


def test_another_geometry_is_no_slice(tmp_path):
    refs, volume = written(tmp_path)
    moved, wide = volume.affine.copy(), (volume.shape[0] + 1, *volume.shape[1:])
    moved[0, 3] += 0.1
    assert read_slice(refs, volume.affine, volume.shape, 3) is not None
    assert read_slice(refs, moved, volume.shape, 3) is None
    assert read_slice(refs, volume.affine, wide, 3) is None
    between = volume.affine.copy()
    between[:3, 3] += 0.4 * between[:3, 2]
    assert read_slice(refs, between, volume.shape, 3) is None


def test_fractions_of_hu_are_rounded_as_for_the_whole(tmp_path):
    refs, volume = written(tmp_path, RescaleSlope="1.3")
    found = read_slice(refs, volume.affine, volume.shape, 7)
    np.testing.assert_array_equal(found, np.rint(volume.array[:, :, 7]))
    assert found.dtype == np.int16


def test_a_cut_off_file_is_refused(tmp_path):
    refs, volume = written(tmp_path)
    content = refs[5].path.read_bytes()
    refs[5].path.write_bytes(content[:-20])
    try:
        found = read_slice(refs, volume.affine, volume.shape, 5)
    except ClamError:
        found = None
    assert found is None
