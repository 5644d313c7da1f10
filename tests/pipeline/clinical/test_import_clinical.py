"""clinical: a table of a stranger joins a study on disk, and nothing personal gets in."""

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import ClamError, TableError
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.read.nifti import write_nifti
from clam_core.study import Study
from clam_core.tables.import_table import ClinicalOptions, import_clinical
from clam_core.tables.read_table import read_table

IDS = ("SARC-001", "SARC-002", "SARC-003")
CANARY = "Zanzibarova"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A study of three small scans."""
    folder = tmp_path_factory.mktemp("clinical")
    (folder / "in").mkdir()
    for seed, name in enumerate(IDS):
        voxels = np.random.default_rng(seed).normal(-600, 200, (8, 8, 8)).astype(np.int16)
        write_nifti(folder / "in" / f"{name}.nii.gz", voxels, np.diag([-1.0, -1.0, 2.0, 1.0]))
    create(folder / "study", folder / "in", None, CreateOptions(n_workers=1))
    return folder / "study"


@pytest.fixture
def study(template):
    study = Study(template)
    yield study
    for name in ("clinical.parquet", "clinical.json"):
        (study.folder / name).unlink(missing_ok=True)


def table(folder, text):
    path = folder / "t.csv"
    path.write_text(text, "utf-8")
    return path


GOOD = "id;FVC [L];grade\nSARC-001;3,5;mild\nSARC-002;2,5;none\nSARC-009;1,5;severe\n"


def test_a_table_is_stored_typed_with_its_description(tmp_path, study):
    summary = import_table(study, table(tmp_path, GOOD))
    frame, description = study.clinical()
    assert frame.index.tolist() == ["SARC-001", "SARC-002"]
    assert frame["FVC [L]"].tolist() == [3.5, 2.5]
    assert [(c["name"], c["kind"], c["unit"]) for c in description["columns"]] == [
        ("FVC [L]", "continuous", "L"),
        ("grade", "ordinal", ""),
    ]
    assert description["columns"][1]["levels"] == ["none", "mild"]
    assert (description["n_matched"], description["n_scans"]) == (2, 3)
    assert summary.sentences[0].startswith("2 of 3 scans have a row in the table (column 'id'")
    assert summary.sentences[-1] == "2 columns stored: 1 continuous, 1 ordinal."
    assert summary.values["columns"]["FVC [L]"]["family"] == "lung function"


def test_an_import_that_fails_leaves_the_stored_table(tmp_path, study):
    import_table(study, table(tmp_path, GOOD))
    before = (study.folder / "clinical.parquet").read_bytes()
    with pytest.raises(TableError, match="No row of t.csv has the id"):
        import_table(study, table(tmp_path, "id,a\nX,1\n"))
    assert (study.folder / "clinical.parquet").read_bytes() == before
    import_table(study, table(tmp_path, GOOD.replace("3,5", "4,5")))
    assert study.clinical()[0]["FVC [L]"].tolist() == [4.5, 2.5]


def test_nothing_personal_is_stored(tmp_path, study):
    text = (
        "id,Patient Name,birth_date,Address,E-Mail,comment,fvc\n"
        f'SARC-001,{CANARY} Quilla,02.03.1956,7 Palm Rd,q@{CANARY}.org,"{CANARY} coughs",3.5\n'
        "SARC-002,Doe Jane,04.05.1960,9 Elm St,d@x.org,no cough at all,2.5\n"
    )
    summary = import_table(study, table(tmp_path, text))
    assert study.clinical()[0].columns.tolist() == ["fvc"]
    stored = b"".join(p.read_bytes() for p in study.folder.rglob("*") if p.is_file())
    said = " ".join(summary.sentences)
    for secret in (CANARY, "Quilla", "1956", "Palm", "Doe", "coughs"):
        assert secret.encode() not in stored
        assert secret.casefold().encode() not in stored
        assert secret not in said
    assert "'Address' was left out: it looks like an address." in summary.sentences


def test_a_sheet_can_be_chosen(tmp_path, study):
    pytest.importorskip("openpyxl")
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        pd.DataFrame({"id": IDS, "a": [1.5, 2, 3]}).to_excel(book, sheet_name="A", index=False)
        pd.DataFrame({"id": IDS, "b": [1.5, 2, 3]}).to_excel(book, sheet_name="B", index=False)
    import_table(study, tmp_path / "t.xlsx", ClinicalOptions(sheet="B"))
    assert study.clinical()[0].columns.tolist() == ["b"]


def check_nodules(root, frame, description):
    """Every value that pandas reads by itself is in the frame, under the same id."""
    own = pd.read_csv(root / "nodule_metadata.csv", index_col="id").loc[frame.index]
    kinds = {column["name"]: column["kind"] for column in description["columns"]}
    expected = {
        "diameter_mm": "continuous",
        "coordX": "continuous",
        "Diagnosis": "binary",
        "Diagnosis_value": "binary",
        "Malignancy_value": "ordinal",
        "Subtlety_value": "ordinal",
        "patient_id": "id",
        "seriesuid": "id",
    }
    assert {name: kinds[name] for name in expected} == expected
    for name in ("diameter_mm", "coordX", "bboxHighZ"):
        np.testing.assert_allclose(frame[name], own[name], rtol=1e-14)
    for name in ("Malignancy_value", "Diagnosis_value", "Subtlety_value"):
        assert frame[name].astype(int).tolist() == own[name].tolist()
    for name in ("Diagnosis", "Malignancy", "patient_id", "seriesuid"):
        assert frame[name].astype(str).tolist() == own[name].tolist()


def test_the_metadata_of_336_nodules(shared_data):
    root = shared_data / "lidc_voi3d_dev"
    scans = pd.read_csv(root / "scans.csv", index_col="scan_id")
    done = import_clinical(read_table(root / "nodule_metadata.csv"), scans)
    assert done.sentences()[0] == (
        "336 of 336 scans have a row in the table (column 'id', which holds the ids of scans)."
    )
    assert done.sentences()[2:] == [
        "Malignancy_value, Calcification_value, Lobulation_value, Margin_value, Sphericity_value "
        "and 3 more: It may be a count (of things) instead; choose the kind if so."
    ]
    assert done.frame.index.tolist() == scans.index.tolist()
    check_nodules(root, done.frame, done.description())


@pytest.mark.slow
def test_the_same_in_a_study_on_disk(tmp_path, shared_data):
    root = shared_data / "lidc_voi3d_dev"
    create(tmp_path / "study", root, root / "scans.csv", CreateOptions(n_workers=2))
    study = Study(tmp_path / "study")
    summary = import_table(study, root / "nodule_metadata.csv")
    assert summary.values["n_matched"] == summary.values["n_scans"] == 336
    assert (summary.values["id_column"], summary.values["level"]) == ("id", "scan")
    frame, description = study.clinical()
    assert frame.index.tolist() == study.scans().index.tolist()
    check_nodules(root, frame, description)


def test_errors_of_the_reader_name_the_file_once(tmp_path, study):
    with pytest.raises(ClamError) as error:
        import_table(study, table(tmp_path, "id,a\n1,2,3\n"))
    assert str(error.value).count("t.csv") == 1
