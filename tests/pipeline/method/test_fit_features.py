"""`fit --features`: own features given back find the same groups; what works without a network."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from clam_core.errors import NoNetworkError, SettingsError, StudyError, TableError
from clam_core.pipeline.declared_steps import STEPS
from clam_core.pipeline.everything import FitChoice, find_groups
from clam_core.pipeline.method.assign import assign
from clam_core.pipeline.method.check_run import RunParts
from clam_core.pipeline.method.explain import explain_scan
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.fit_features import fit_features
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.method.select import select
from clam_core.pipeline.output.export import export
from clam_core.pipeline.output.report import report
from clam_core.pipeline.progress import silent
from clam_core.report import ReportSettings
from clam_core.settings import FitSettings, LocalizeSettings, SelectSettings
from clam_core.study import Run, run_names
from clam_core.study.uploads import UPLOADS, Upload, delete_table, store_table
from tests.pipeline.simulated import QUICK, cohort, study_of

OWN = FitSettings(plane="pca")


@pytest.fixture(scope="module")
def found():
    return cohort(n_per_group=20, seed=2)


@pytest.fixture(scope="module")
def study(tmp_path_factory, found):
    made = study_of(tmp_path_factory.mktemp("study") / "s", found)
    fit(made, "first", QUICK.model_copy(update={"method": "profiles"}))
    return made


@pytest.fixture(scope="module")
def table(tmp_path_factory, study):
    """Our own features, as they are exported."""
    folder = tmp_path_factory.mktemp("exported")
    export(study, "first", "features", folder)
    return folder / "features.csv"


@pytest.fixture(scope="module")
def given(study, table):
    fit_features(study, "given", table, OWN)
    return Run(study, "given")


def test_own_features_given_back_find_the_same_clusters(study, given):
    ours, theirs = Run(study, "first").scans(), given.scans()
    assert theirs.index.tolist() == ours.index.tolist()
    assert adjusted_rand_score(ours["cluster"], theirs["cluster"]) == 1


def test_a_parquet_file_and_an_archive_are_the_same_fit(study, given, table, tmp_path):
    frame = pd.read_csv(table)
    frame.to_parquet(tmp_path / "t.parquet")
    values = frame.drop(columns="scan_id")
    np.savez(
        tmp_path / "t.npz",
        ids=frame["scan_id"].to_numpy(str),
        values=values.to_numpy(),
        names=values.columns.to_numpy(str),
    )
    for name in ("t.parquet", "t.npz"):
        assert (
            fit_features(study, "given", tmp_path / name, OWN)
            .sentences[1]
            .startswith("Nothing to do")
        )


def test_other_numbers_never_replace_a_run(study, given, table, tmp_path):
    before = given.array("features")
    frame = pd.read_csv(table)
    frame.iloc[:, 1] += np.arange(len(frame))
    frame.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(StudyError, match="with other numbers; choose another name"):
        fit_features(study, "given", tmp_path / "t.csv", OWN)
    np.testing.assert_array_equal(given.array("features"), before)


def test_a_table_that_cannot_be_used_leaves_nothing(study, tmp_path):
    (tmp_path / "t.csv").write_text("scan_id,a\nnobody,1\nnoone,2\n")
    with pytest.raises(TableError, match="No row of t.csv"):
        fit_features(study, "broken", tmp_path / "t.csv", OWN)
    assert "broken" not in run_names(study)


def test_the_run_tells_what_was_grouped(given):
    info = given.info()
    assert info.method == "table" and info.given.table == ""  # it might be a name
    assert info.given.columns == tuple(f"feature_{n}" for n in range(1, 9))
    assert info.settings["given"] == info.given.digest
    assert "40 of 41 scans have a row" in " ".join(info.notes)  # the last one could not be read
    assert given.array("latent").shape == (40, 8)
    assert info.plain is not None


def test_maps_and_new_scans_are_refused_in_one_sentence(study, given, tmp_path):
    for make in (
        lambda: localize(study, "given", LocalizeSettings()),
        lambda: explain_scan(study, given, "s00"),
    ):
        with pytest.raises(NoNetworkError, match="groups numbers of a table: such a run has no"):
            make()
    with pytest.raises(NoNetworkError, match="cannot be placed without its numbers"):
        assign(given, [tmp_path / "scan.nii.gz"], to=None)


def test_selection_report_exports_and_check_work(study, given, tmp_path):
    said = select(study, "given", SelectSettings(k_max=3, n_bootstrap=20, n_references=20))
    assert said.values["rows"]
    report(study, "given", tmp_path / "report.html", ReportSettings())
    written = (tmp_path / "report.html").read_text()
    assert "8 numbers of a table that was brought along" in written
    assert "such a run has no maps" in written
    assert "autoencoder (" not in written  # no network was part of it
    for what in ("tables", "latent", "features"):
        export(study, "given", what, tmp_path / what)
    latent = pd.read_csv(tmp_path / "latent" / "latent.csv")
    assert latent.columns.tolist() == ["scan_id", *given.info().given.columns]
    for part in RunParts(given).listed():
        part.read()


def test_everything_in_one_go_without_maps(study, table):
    choice = FitChoice("all", features=table)
    fitted, chosen = find_groups(study, choice)
    assert fitted.values["method"] == "table" and chosen.sentences
    assert Run(study, "all").info().localized is None


def test_views_beside_a_table_are_refused(study, table):
    with pytest.raises(SettingsError, match="leave it out with --features"):
        STEPS["fit"](study.folder, silent, {"features": table, "views": "density"})


def test_the_step_reads_a_table_with_many_columns(study, tmp_path):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(40, 1536)))
    frame.iloc[:20] += 1.0
    frame.insert(0, "scan_id", [f"s{row:02d}" for row in range(40)])
    frame.to_csv(tmp_path / "t.csv", index=False)
    STEPS["fit"](study.folder, silent, {"features": tmp_path / "t.csv", "run": "many"})
    run = Run(study, "many")
    assert run.scans()["cluster"].tolist() in ([1] * 20 + [2] * 20, [2] * 20 + [1] * 20)
    assert run.info().given.n_components == 8


def test_an_uploaded_table_is_deleted_once_it_was_read(study, table, tmp_path):
    root = tmp_path / "studies"
    with table.open("rb") as content:
        kept = store_table(root, Upload("x.csv", table.stat().st_size, content), "csv")
    STEPS["groups"](study.folder, silent, {"features": kept, "run": "uploaded"})
    assert list((root / UPLOADS).iterdir()) == []
    delete_table(table)
    assert table.exists()  # it was not uploaded
