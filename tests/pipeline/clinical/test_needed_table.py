import pytest

from clam_core.errors import AlignmentError, MissingStepError
from clam_core.pipeline.clinical.associate import read_inputs
from clam_core.pipeline.clinical.edit_columns import edit_columns
from clam_core.pipeline.clinical.lung_function import proposals_of
from clam_core.pipeline.clinical.needed_table import needed_table
from clam_core.settings import AssociateSettings
from clam_core.study import Run
from tests.pipeline import clustered

SETTINGS = AssociateSettings()


def test_the_stored_table_with_what_its_columns_are(tmp_path):
    study = clustered.study_of(tmp_path / "s", (4, 3), run=False)
    frame, columns, description = needed_table(study)
    assert [info.name for info in columns] == list(frame.columns)
    stored = [(one["name"], one["kind"]) for one in description["columns"]]
    assert [(info.name, info.kind) for info in columns] == stored
    assert description["level"] == str(frame.index.name).removesuffix("_id")


def test_every_step_that_needs_one_says_so_alike(tmp_path):
    study = clustered.study_of(tmp_path / "s", (4, 3), clinical=False)
    steps = (
        lambda: needed_table(study),
        lambda: edit_columns(study, {"FVC_L": {}}),
        lambda: proposals_of(study),
        lambda: read_inputs(Run(study, "default"), SETTINGS),
    )
    for step in steps:
        with pytest.raises(MissingStepError) as refused:
            step()
        assert str(refused.value) == (
            "The study 's' has no clinical table; import one with the step 'clinical' first."
        )


def test_a_table_of_other_scans_is_refused(tmp_path):
    study = clustered.study_of(tmp_path / "s", (4, 3))
    frame, columns, _ = needed_table(study)
    clustered.write_clinical(study, frame.rename(lambda one: f"other-{one}"), columns)
    with pytest.raises(AlignmentError, match="of the clusters occurs in the clinical table"):
        read_inputs(Run(study, "default"), SETTINGS)
