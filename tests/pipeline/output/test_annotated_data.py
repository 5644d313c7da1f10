"""A run as AnnData: aligned to the scans, without what tells who they are."""

import sys

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import MissingPackageError
from clam_core.pipeline.output.annotated_data import to_anndata
from clam_core.pipeline.output.export import export
from clam_core.study import Run
from clam_core.tables.column_info import ColumnInfo
from tests.pipeline.clustered import study_of, write_clinical

SIZES = (5, 4, 3)


def kinds():
    return [
        ColumnInfo("age", "Age", "continuous"),
        ColumnInfo("sex", "Sex", "binary", levels=("F", "M")),
        ColumnInfo("stage", "Stage", "ordinal", levels=("low", "high")),
        ColumnInfo("cluster", "Their cluster", "nominal"),
        ColumnInfo("a/b", "Ratio", "count"),
        ColumnInfo("born", "Born", "date"),
        ColumnInfo("words", "Words", "free_text"),
        ColumnInfo("surname", "Surname", "nominal", personal="a person's name"),
    ]


@pytest.fixture
def run(tmp_path):
    study = study_of(tmp_path / "s", SIZES, clinical=False, site="A")
    subjects = [f"P{n:04d}" for n in (11, 3, 0, 7)]
    frame = pd.DataFrame(
        {
            "age": [61.0, 53, 50, 57],
            "sex": pd.Categorical(["M", "F", None, "F"], ["F", "M"]),
            "stage": pd.Categorical(["low", "high", "low", None], ["low", "high"], ordered=True),
            "cluster": pd.Categorical(["x", "y", "x", "y"]),
            "a/b": pd.array([1, None, 3, 4], "Int64"),
            "born": pd.to_datetime(["1950-01-02"] * 4),
            "words": ["secretive"] * 4,
            "surname": pd.Categorical(["Miller"] * 4),
        },
        index=pd.Index(subjects, name="subject_id", dtype="str"),
    )
    write_clinical(study, frame, kinds())
    return Run(study, "default")


@pytest.fixture(params=["made", "written"])
def annotated(run, request, tmp_path):
    anndata = pytest.importorskip("anndata", reason="anndata is not installed here")
    if request.param == "made":
        return to_anndata(run)
    said = export(run.study, "default", "anndata", tmp_path / "out")
    assert said.values["files"] == ["default.h5ad"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["default.h5ad"]
    return anndata.read_h5ad(tmp_path / "out" / "default.h5ad")


def test_every_row_belongs_to_its_scan(annotated, run):
    scans = run.scans()
    assert annotated.obs_names.tolist() == scans.index.tolist()
    assert annotated.obs["subject_id"].tolist() == [f"P{n:04d}" for n in range(12)]
    assert annotated.obs["cluster"].cat.categories.tolist() == ["1", "2", "3"]
    assert annotated.obs["cluster"].astype(int).tolist() == scans["cluster"].tolist()
    np.testing.assert_array_equal(annotated.obs["confidence"], scans["confidence"])
    np.testing.assert_array_equal(annotated.X, run.array("features"))
    np.testing.assert_array_equal(annotated.obsm["X_features"], run.array("features"))
    np.testing.assert_array_equal(annotated.obsm["X_latent"], run.array("latent"))
    np.testing.assert_array_equal(annotated.obsm["X_pca"], scans[["x", "y"]])
    np.testing.assert_array_equal(annotated.obsm["soft_assignment"], run.array("soft_assignment"))


def test_values_of_subjects_go_to_their_scans(annotated):
    obs = annotated.obs
    ages = {0: 50, 3: 53, 7: 57, 11: 61}
    assert obs["age"].dropna().to_dict() == {f"S{n:04d}": age for n, age in ages.items()}
    assert obs["sex"].dropna().to_dict() == {"S0003": "F", "S0007": "F", "S0011": "M"}
    assert obs["stage"].cat.categories.tolist() == ["low", "high"]
    assert obs["stage"].cat.ordered
    assert obs["a per b"].dropna().to_dict() == {"S0000": 3, "S0007": 4, "S0011": 1}
    assert obs["cluster (clinical)"].dropna().tolist() == ["x", "y", "y", "x"]
    assert set(obs["site"]) == {"A"}


def test_nobody_is_named(annotated, run, tmp_path):
    assert not {"born", "words", "surname"} & set(annotated.obs)
    kept = repr((annotated.obs.to_csv(), annotated.uns))
    for text in ("Miller", "secretive", "1950", str(tmp_path)):
        assert text not in kept


def test_settings_and_versions_are_kept(annotated):
    about = annotated.uns["clam"]
    assert (about["run"], about["method"], about["n_clusters"]) == ("default", "kmeans", 3)
    assert about["version"]


def test_a_missing_package_is_one_sentence(run, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(MissingPackageError, match=r"pip install 'clam-explorer\[export\]'"):
        export(run.study, "default", "anndata", tmp_path / "out")
