"""Names of clusters beside a run."""

import json

import pytest

from clam_core.errors import BusyError, StudyError
from clam_core.study import Run, cluster_label, read_names, write_names
from clam_core.study.runs import RunInfo
from tests.study import make


@pytest.fixture
def run(tmp_path):
    opened = Run(make.empty(tmp_path / "s"), "r")
    opened.folder.mkdir(parents=True)
    info = RunInfo(
        name="r", libraries={}, device="cpu", settings={}, method="kmeans", model={},
        plane="pca", inputs="i", n_clusters=3,
    )  # fmt: skip
    (opened.folder / "run.json").write_text(json.dumps(info.model_dump()))
    return opened


def test_names_are_kept_and_taken_away(run):
    assert read_names(run) == {}
    write_names(run, {2: "  upper-zone   ground glass ", 3: "fibrosis"})
    assert read_names(run) == {2: "upper-zone ground glass", 3: "fibrosis"}
    assert json.loads((run.folder / "names.json").read_text())["3"] == "fibrosis"
    write_names(run, {**read_names(run), 2: " "})
    assert read_names(run) == {3: "fibrosis"}


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({4: "x"}, "clusters 1 to 3; there is no cluster 4"),
        ({0: "x"}, "no cluster 0"),
        ({1: "x" * 61}, "at most 60 letters"),
        ({1: "a\u202eb"}, "plain text"),
        ({1: "Fibrosis", 2: "fibrosis"}, "same name"),
    ],
)
def test_what_cannot_be_a_name_is_a_sentence_and_changes_nothing(run, names, said):
    write_names(run, {1: "before"})
    with pytest.raises(StudyError, match=said):
        write_names(run, names)
    assert read_names(run) == {1: "before"}


def test_a_run_at_work_is_left_alone(run):
    with run.lock(), pytest.raises(BusyError):
        write_names(run, {1: "x"})


def test_a_cluster_is_called_by_its_number_and_its_name():
    assert cluster_label(2, {}) == "Cluster 2"
    assert cluster_label(2, {2: "fibrosis"}) == "2: fibrosis"
