"""Headers that contradict themselves, through `create` and `preprocess`: read, and told."""

import shutil

import pytest

from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import PreprocessSettings
from clam_core.study import Study


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("sform_qform_disagree/sq_disagree", "by its sform the voxels run RAS, by its qform LAS"),
        ("nifti_pixdim/neg_pixdim", "pixdim -1 x 1 x 1 mm, affine 1 x 1 x 1 mm (used)"),
        ("padding_zero/padding_water", "padding value of the header (0) is one that tissue has"),
    ],
)
def test_the_cases_that_went_wrong(case, said, shared_cases, tmp_path):
    shutil.copytree(shared_cases / case, tmp_path / "in")
    create(tmp_path / "study", tmp_path / "in", None, CreateOptions(n_workers=1))
    study = Study(tmp_path / "study")
    preprocess(study, PreprocessSettings(grid=(16, 16, 16), mask="none"), 1)
    (row,) = Study(tmp_path / "study").scans().to_dict("records")
    assert row["status"] == "ready"
    assert said in row["warnings"]
    if "padding" in case:
        assert row["hu_min"] == -1000
