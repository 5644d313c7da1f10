"""Doubts of columns and the event of a survival stand in the report where their numbers are."""

from clam_core.pipeline.clinical.associate import associate_run
from clam_core.report import build_report
from clam_core.settings import AssociateSettings
from clam_core.study import Run
from tests.report import make
from tests.report.test_report import Elements

SAID = "2 cells with -9, which often stands for a missing value; kept as a number."


def test_doubts_and_the_event_stand_where_the_numbers_are(tmp_path):
    made = make.complete(tmp_path / "one")
    frame, description = made.clinical()
    for one in description["columns"]:
        if one["name"] == "fvc":
            one["doubts"] = [SAID]
    made.write_clinical(frame, description)
    settings = AssociateSettings(
        adjust=("age",), survival_time="months", survival_event="dead", n_resamples=99
    )
    associate_run(made, "default", settings)
    text = Elements(build_report(Run(made, "default")).decode()).text
    assert "Some of these numbers may be wrong" in text
    # A note, below Table 1, in the row, below the plot, and in the three clusters it sets apart.
    assert text.count(SAID) == 7
    frame = frame.assign(cluster=make.clusters())
    n = int((frame["dead"] == "yes").sum())
    first = frame[frame["cluster"] == 1]["dead"]
    assert "The event is the answer 'yes' in column 'dead' (its usual meaning" in text
    assert f"seen in {n} of 18 rows (cluster 1: {int((first == 'yes').sum())} of {len(first)}" in (
        text
    )
    assert "95 % bands (event: Died), the answer 'yes'." in text
