"""A study and a run in a notebook: tables, arrays, and how they show themselves."""

import numpy as np
import pytest

import clam_core as clam
from clam_core.errors import MissingStepError, SettingsError, StudyError
from clam_core.notebook.progress_bar import told
from clam_core.notebook.shown import as_html, as_text
from clam_core.read.nifti import write_nifti
from clam_core.settings import AssociateSettings
from clam_core.study.associations import read_associations
from tests.pipeline.clustered import SIZES, study_of, write_run


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return study_of(tmp_path_factory.mktemp("study") / "s").folder


@pytest.fixture
def study(folder):
    return clam.open_study(str(folder))


def test_tables_have_a_row_per_scan(study):
    scans = study.scans()
    clinical = study.clinical()
    assert clinical.index.equals(scans.index)
    assert study.columns().index.tolist() == clinical.columns.tolist()
    assert study.columns().loc["age", "kind"] == "continuous"
    assert study.skipped().empty


def test_values_of_a_subject_belong_to_its_own_scans(study):
    stored, _ = study.stored.clinical()
    subjects = study.scans()["subject_id"]
    ids = subjects if stored.index.name == "subject_id" else subjects.index
    wanted = [float(stored["age"].get(one, np.nan)) for one in ids]
    np.testing.assert_array_equal(study.clinical()["age"].to_numpy(float, na_value=np.nan), wanted)


def test_values_follow_the_subject_whatever_the_order(tmp_path):
    study = study_of(tmp_path / "s", (3, 3), clinical=False, run=False)
    table = tmp_path / "t.csv"
    table.write_text("subject_id,height\n" + "".join(f"P{n:04d},{150 + n}\n" for n in (5, 1, 0)))
    said = clam.import_clinical(study.folder, table, id_column="subject_id")
    assert repr(said).startswith("3 of 6 scans have a row in the table")
    opened = clam.Study(study.folder)
    values = opened.clinical()["height"]
    assert values.index.tolist() == [f"S{n:04d}" for n in range(6)]
    np.testing.assert_array_equal(values.to_numpy(float, na_value=np.nan),
                                  [150, 151, np.nan, np.nan, np.nan, 155])  # fmt: skip


def test_volumes_are_read_one_at_a_time(study, monkeypatch):
    asked = []
    volume = study.stored.volume
    monkeypatch.setattr(study.stored, "volume", lambda scan: asked.append(scan) or volume(scan))
    volumes = study.volumes
    assert len(volumes) == sum(SIZES)
    assert (volumes[7] == 7).all()
    assert (volumes["S0003"] == 3).all()
    assert (volumes[-1] == sum(SIZES) - 1).all()
    assert asked == ["S0007", "S0003", "S0059"]
    assert study.masks[0] is None
    assert len(list(study.masks)) == sum(SIZES)
    with pytest.raises(IndexError):
        volumes[99]


def test_a_study_shows_itself(study):
    shown = repr(study)
    assert shown.startswith("Study s\n")
    assert "60 (60 ready), CT, 3 dimensions" in shown
    assert "8 x 8 x 8" in shown
    assert shown.endswith("default")
    assert "<td style='text-align:left'>8 x 8 x 8</td>" in study._repr_html_()


def test_what_strangers_named_is_escaped():
    html = as_html("<b>x", {"<i>": "<script>"}, ("<u>",))
    for text in ("<b>x", "<i>", "<script>", "<u>"):
        assert text not in html
    assert "&lt;script&gt;" in html
    assert "<script>" in as_text("<b>x", {"<i>": "<script>"})


def test_a_run_gives_tables_and_arrays(study):
    run = study.run()
    assert study.runs() == ["default"]
    scans = run.scans()
    assert scans.index.equals(study.scans().index)
    np.testing.assert_array_equal(run.soft_assignment.argmax(axis=1) + 1, scans["cluster"])
    np.testing.assert_array_equal(run.embedding, scans[["x", "y"]])
    assert run.latent.shape == run.features.shape == (60, 3)
    assert run.n_clusters == 3
    assert "3 (24, 20, 16 scans)" in repr(run)
    assert "24, 20, 16 scans" in run._repr_html_()
    with pytest.raises(MissingStepError, match="run the step 'localize' first"):
        run.map("S0000")
    with pytest.raises(MissingStepError, match="no finished run 'other'"):
        study.run("other")


def test_settings_reach_the_step(study):
    said = clam.associate(study.run(), adjust=["age"], correction="holm", n_resamples=199,
                          progress=False)  # fmt: skip
    found = read_associations(study.run().stored)
    wanted = AssociateSettings(adjust=("age",), correction="holm", n_resamples=199)
    assert found.about["settings"] == wanted.model_dump(mode="json")
    assert repr(said).startswith(str(found.about["headline"]))
    assert len(study.run().associations().rows) == len(found.rows)
    again = clam.associate(study, "default", adjust=["age"], correction="holm", n_resamples=199)
    assert "Nothing to do" in repr(again)


def test_a_run_is_named_once(study):
    with pytest.raises(SettingsError, match="'default' was given, and 'b' as its name"):
        clam.select(study.run(), "b")
    with pytest.raises(MissingStepError, match="no finished run 'b'"):
        clam.select(study, "b", progress=False)
    said = clam.select(study.run(), k_max=3, n_bootstrap=2, n_seeds=2, n_references=20,
                       progress=False)  # fmt: skip
    assert {row["n_clusters"] for row in study.run().selection()["rows"]} == {2, 3}
    assert said.sentences


def test_from_scans_to_volumes(tmp_path):
    scans = tmp_path / "in"
    scans.mkdir()
    for seed in range(3):
        array = np.random.default_rng(seed).normal(-700, 100, (12, 12, 12)).astype(np.int16)
        write_nifti(scans / f"s{seed}.nii.gz", array, np.eye(4))
    study = clam.create(str(tmp_path / "study"), scans, n_workers=1, progress=False)
    assert "3 scans found (CT, 3 dimensions)" in repr(study)
    told_of = []
    said = clam.preprocess(study, grid=16, mask="none", margin_mm=1, n_workers=1,
                           progress=lambda *what: told_of.append(what))  # fmt: skip
    assert repr(said) == "3 scans ready, 0 failed, 0 with a warning."
    assert told_of[-1] == ("Preprocessing", 3, 3)
    assert study.volumes[0].shape == (16, 16, 16)
    settings = study.stored.info.prepared.settings
    assert (settings.mask, settings.margin_mm) == ("none", 1)
    with pytest.raises(StudyError, match="already a study"):
        clam.create(tmp_path / "study", scans, progress=False)
    with pytest.raises(SettingsError, match="'colour' cannot be used"):
        clam.preprocess(study, colour=3, progress=False)


def test_a_bar_shows_the_stage(capsys):
    with told(True) as tell:
        tell("Training", 3, 4)
    assert "Training" in capsys.readouterr().err
    with told(False) as tell:
        tell("Training", 3, 4)
    assert capsys.readouterr().err == ""


def test_a_run_that_is_given_is_the_one_that_is_used(tmp_path):
    study = clam.open_study(study_of(tmp_path / "s", (6, 6)).folder)
    write_run(study.stored, np.repeat([0, 1], 6), "second")
    clam.select(study.run("second"), k_max=2, n_bootstrap=2, n_seeds=2, n_references=20,
                progress=False)  # fmt: skip
    assert study.run("second").selection()["rows"]
    with pytest.raises(MissingStepError, match="has not compared numbers of clusters"):
        study.run("default").selection()
