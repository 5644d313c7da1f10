"""Bad inputs 1 to 17 through create and preprocess: each beside good scans, each with its end."""

import gzip

import numpy as np
import pytest

from clam_core.study import Study
from tests.bad_inputs import make
from tests.bad_inputs.steps import run_steps
from tests.read.made_files import saved


@pytest.fixture(scope="module")
def chest():
    return make.SmallChest()


@pytest.fixture(scope="module")
def run(tmp_path_factory, chest):
    """All of them in one folder, preprocessed with lung masks and then without masks."""
    root = tmp_path_factory.mktemp("images") / "in"
    root.mkdir()
    saved(root, "good1.nii.gz", gzip.compress(chest.nifti(), 1))
    make.lay_unreadable(root, chest)
    make.lay_doubtful(root, chest)
    make.lay_wrong_values(root, chest)
    return run_steps(root.parent / "study", root, "auto,none")


@pytest.fixture(scope="module")
def masked(tmp_path_factory, chest):
    """A table of scans with masks, most of which cannot be theirs."""
    root = tmp_path_factory.mktemp("masks") / "in"
    root.mkdir()
    return run_steps(root.parent / "study", root, "given", make.lay_masks(root, chest))


def test_the_good_scan_is_ready_and_no_file_is_lost(run):
    for mask in ("auto", "none"):
        assert run.ready("good1", mask) == ""
    ready = {name for name, row in run.rows["auto"].items() if row["status"] == "ready"}
    assert ready == {"good1", "i12-few-nan", "i14-sheared-2"}
    assert len(run.rows["auto"]) == 32
    assert run.skipped == []
    for name in run.rows["auto"].keys() - ready:
        run.failed(name)


def test_none_takes_long_or_much_memory(run, masked):
    """Also for items 6, 7 and 10, whose headers or packed bytes ask for up to 70 TB."""
    run.check_cost()
    masked.check_cost()


@pytest.mark.parametrize(
    ("scan_id", "words"),
    [
        ("i01-empty", ["i01-empty.nii is an empty file", "copy or export it again"]),
        ("i02-PNG", ["is a PNG picture, whatever its name says", "true type"]),
        ("i02-JPEG", ["is a JPEG picture, whatever its name says"]),
        ("i03-cut", ["i03-cut.nii.gz is cut off", "copy or export it again"]),
        ("i04-cut", ["i04-cut.nii is cut off", "495,000 bytes"]),
        ("i05-cut-mha", ["is cut off", "240 bytes"]),
        ("i05-cut-nrrd", ["is cut off", "240 bytes"]),
        ("i06-huge", ["declares 32767 x 32767 x 32767 voxels (70,362 GB)", "at most"]),
        ("i06-huge-gz", ["declares 32767 x 32767 x 32767 voxels", "crop or resample"]),
        ("i07-huge", ["declares 100000 x 100000 x 100000 voxels", "header may be damaged"]),
        ("i08-detached", ["keeps its voxels in another file, which is never opened"]),
        ("i09-detached", ["keeps its voxels in another file, which is never opened", ".mha"]),
        ("i09-list", ["keeps its voxels in another file, which is never opened"]),
        ("i10-bomb", ["holds more than the 524,288 bytes", "its header declares"]),
        ("i11-nan", ["voxel size of nan x 2 x 2 mm", "must lie between 0.002 and 1000 mm"]),
        ("i11-zero", ["voxel size of 0 x 2 x 2 mm", "Correct the header"]),
        ("i11-negative", ["voxel size of -2 x 2 x 2 mm", "or export the scan again"]),
        ("i12-many-nan", ["0.4% of the voxels hold no number", "more than 0.1 %"]),
        ("i13-time", ["3 time points; need one 3D volume"]),
        ("i13-plane", ["single slice, and this study holds volumes"]),
        ("i13-rgb-nii", ["RGB colours; need one 3D scalar volume"]),
        ("i13-rgb-nrrd", ["3 numbers per voxel", "need one 3D scalar volume"]),
        ("i14-sheared-12", ["12.0 degrees off a right angle (at most 5", "resample the scan"]),
        ("i15-unscaled", ["as before rescaling to HU", "rescale intercept", "No lungs were"]),
        ("i15-unit", ["between 0 and 0.28", "no HU; convert the scan back to HU"]),
        ("i15-bytes", ["as in a picture; they are hardly HU", "No lungs were found"]),
        (
            "i16-head",
            ["No lungs were found", "no chest, choose 'No mask' (--mask none)"],
        ),
        ("i16-MR", ["It is MR, and this study holds CT", "study of its own"]),
        ("i16-PT", ["It is PET, and this study holds CT"]),
    ],
)
def test_what_cannot_be_used_says_why(run, scan_id, words):
    reason = run.failed(scan_id)
    for word in words:
        assert word in reason


def test_item_8_nothing_of_the_file_outside_is_kept_or_said(run):
    content = b"".join(p.read_bytes() for p in run.folder.rglob("*") if p.is_file())
    assert make.OUTSIDE.encode() not in content
    assert make.OUTSIDE not in run.said
    assert "outside.raw" not in run.said


def test_item_12_few_missing_voxels_are_filled_and_said(run, chest):
    assert "20 voxels held no number" in run.ready("i12-few-nan")
    study = Study(run.folder)
    filled, good = study.volume("i12-few-nan").array, study.volume("good1").array
    np.testing.assert_allclose(filled, good, atol=40)  # a few voxels of noise around -1000 HU


def test_item_14_slightly_sheared_slices_are_straightened_and_said(run):
    said = run.ready("i14-sheared-2")
    assert "2 degrees off a right angle" in said
    assert "resampled to right angles" in said
    affine = Study(run.folder).volume("i14-sheared-2").affine[:3, :3]
    np.testing.assert_allclose(affine.T @ affine, np.diag(np.diag(affine.T @ affine)), atol=1e-9)
    assert abs(run["i14-sheared-2"]["lung_litres"] - run["good1"]["lung_litres"]) < 0.1


def test_item_15_wrong_values_are_never_taken_silently(run):
    """Without a lung mask nothing else would notice them."""
    assert "as before rescaling to HU" in run.ready("i15-unscaled", "none")
    assert "hardly HU" in run.ready("i15-bytes", "none")
    assert run.rows["none"]["i15-unit"]["status"] == "failed"


def test_item_16_an_mr_scan_among_volumes_that_do_not_say_does_not_turn_them_into_mr(run):
    info = Study(run.folder).info
    assert (info.modality, info.unit) == ("CT", "HU")


@pytest.mark.parametrize(
    ("scan_id", "words"),
    [
        ("empty", ["The mask is empty", "give another"]),
        ("cropped", ["mask has 75x60x52 voxels and the scan 75x60x55", "do not belong together"]),
        ("elsewhere", ["does not overlap the scan", "scan's own position"]),
        ("cut", ["Its mask cannot be used", "mask5.nii is cut off"]),
        ("gone", ["There is no mask at 'mask99.nii' (line 8)"]),
    ],
)
def test_item_17_masks_that_cannot_belong_fail_their_scan(masked, scan_id, words):
    reason = masked.failed(scan_id)
    for word in words:
        assert word in reason


def test_item_17_masks_that_can_be_used(masked):
    assert masked.ready("good") == ""
    said = masked.ready("half")
    assert "grid of its own (75x60x55 voxels of 2.4 x 2.4 x 3 mm)" in said
    assert "resampled to the scan's (75x60x55 voxels of 4.8 x 4.8 x 6 mm)" in said
