"""Rows of a subject and a session meet the scans of that session; exports of REDCap."""

import hashlib
import shutil

import pandas as pd
import pytest

from clam_core.errors import NearMissError, TableError
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.clinical.visits import VisitOptions, import_visits
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.study import Study
from clam_core.tables.import_table import ClinicalOptions, import_clinical
from tests.tables.text.make import raw

NEAR = ClinicalOptions(apply_near_misses=True)
PAIRS = [(n, k) for n in (1, 2, 3, 4) for k in (1, 2)]


def scans(subject="sub-0{n}", session="ses-0{k}", copies=1):
    rows = [
        (f"scan{n}{k}{'ab'[c]}", subject.format(n=n), session.format(k=k))
        for n, k in PAIRS
        for c in range(copies)
    ]
    frame = pd.DataFrame(rows, columns=["scan_id", "subject_id", "session"])
    return frame.set_index("scan_id")


def table(subject="sub-0{n}", session="ses-0{k}", names=("participant_id", "session_id")):
    return raw({
        names[0]: [subject.format(n=n) for n, _ in PAIRS],
        names[1]: [session.format(k=k) for _, k in PAIRS],
        "fev1": [f"{n}.{k}" for n, k in PAIRS],
    })  # fmt: skip


RIGHT = [float(f"{n}.{k}") for n, k in PAIRS]


@pytest.mark.parametrize("session", ["ses-0{k}", "{k}", "0{k}", "Session {k}", "SES-{k}"])
def test_rows_meet_the_scans_of_their_session(session):
    done = import_clinical(table(session=session), scans())
    assert done.frame["fev1"].tolist() == RIGHT
    assert done.frame.columns.tolist() == ["fev1"]
    assert "by subject and session ('participant_id', 'session_id')" in " ".join(done.sentences())


def test_other_layouts_of_columns_and_sessions():
    given = table("P{n}", "visit-{k}", ("visit", "patient"))
    given = raw({"time point": given.cells("patient"), "patient": given.cells("visit"),
                 "fev1": given.cells("fev1")})  # fmt: skip
    found = import_clinical(given, scans("P{n}", "visit-{k}"))
    assert found.frame["fev1"].tolist() == RIGHT
    double = import_clinical(table(), scans(copies=2))
    assert double.frame["fev1"].tolist() == [one for one in RIGHT for _ in "ab"]


def test_subjects_that_are_spelled_otherwise_are_asked_for():
    with pytest.raises(NearMissError):
        import_clinical(table("{n}"), scans())
    assert import_clinical(table("{n}"), scans(), NEAR).frame["fev1"].tolist() == RIGHT


def test_rows_of_other_sessions_are_told():
    many = [*PAIRS, (1, 3), (9, 1)]
    given = raw({"participant_id": [f"sub-0{n}" for n, _ in many],
                 "session_id": [f"ses-0{k}" for _, k in many],
                 "x": [f"{n}{k}.5" for n, k in many]})  # fmt: skip
    done = import_clinical(given, scans())
    assert "2 rows of no session of this study: lines 10, 11." in " ".join(done.sentences())
    assert len(done.frame) == 8


def test_hospital_numbers_are_not_stored():
    def code(text):
        return "c" + hashlib.sha256(text.encode()).hexdigest()[:8]

    coded = scans()
    coded["subject_id"] = [code(f"4711-{n}") for n, _ in PAIRS]
    done = import_clinical(table("4711-{n}"), coded, id_hash=code)
    assert done.frame["fev1"].tolist() == RIGHT
    assert "4711" not in done.frame.to_csv() + str(done.description()["columns"])


@pytest.mark.parametrize("change", ["no sessions", "one row per subject", "scan ids"])
def test_other_tables_stay_as_they_are(change):
    found, given = scans(), table()
    if change == "no sessions":
        with pytest.raises(TableError, match="contradict"):
            import_clinical(given, found.assign(session=""))
        return
    if change == "scan ids":
        given = raw({"scan_id": list(found.index), **{n: given.cells(n) for n in given.columns}})
        assert import_clinical(given, found).report.id_column == "scan_id"
        return
    few = raw({name: given.cells(name)[::2] for name in given.columns})
    done = import_clinical(few, found)
    assert done.report.level == "subject" and done.report.n_matched == 8


@pytest.fixture
def bids(shared_cases, tmp_path):
    root = shutil.copytree(shared_cases / "subjects_of_bids_and_folders" / "bids", tmp_path / "in")
    for n in (1, 2, 3, 4):
        rows = [f"ses-0{k}\t{n}.{k}" for k in (1, 2)]
        home = root / f"sub-0{n}"
        (home / f"sub-0{n}_sessions.tsv").write_text("\n".join(["session_id\tfev1", *rows]) + "\n")
        for k in (1, 2):
            name = f"sub-0{n}_ses-0{k}"
            (home / f"ses-0{k}" / f"{name}_scans.tsv").write_text(
                f"filename\tdose\nct/{name}_ct.nii.gz\t{n}.{k}\n"
            )
    create(tmp_path / "study", root, None, CreateOptions(n_workers=1))
    return Study(tmp_path / "study"), root


def test_tables_of_sessions_and_scans_of_bids(bids):
    study, root = bids
    said = import_table(study, root / "sub-02" / "sub-02_sessions.tsv").sentences
    assert "Read together with 3 tables of other subjects" in " ".join(said)
    assert study.clinical()[0]["fev1"].to_dict() == {
        f"sub-0{n}_ses-0{k}_ct": float(f"{n}.{k}") for n, k in PAIRS
    }
    said = import_table(study, root / "sub-03/ses-01/sub-03_ses-01_scans.tsv").sentences
    assert "Read together with 7 tables" in " ".join(said)
    assert study.clinical()[0]["dose"].to_dict() == {
        f"sub-0{n}_ses-0{k}_ct": float(f"{n}.{k}") for n, k in PAIRS
    }


EVENTS = ["baseline_arm_1", "month_6_arm_1", "month_12_arm_1"]


def redcap(**more):
    rows = [(n, e) for n in (1, 2, 3, 4) for e in range(3)]
    first = {
        "record_id": [f"sub-0{n}" for n, _ in rows],
        "redcap_event_name": [EVENTS[e] for _, e in rows],
    }
    own = {name: [make(n, e) for n, e in rows] for name, make in more.items()}
    return raw({**first, **own})


def test_events_of_redcap_become_one_row_and_visits_are_told():
    given = redcap(
        age=lambda n, e: str(40 + n) if e == 0 else None,
        dlco=lambda n, e: f"{n}1.5" if e == 1 else None,
        fev1=lambda n, e: f"{n}.{e}",
    )
    done = import_clinical(given, scans(session=""))
    assert done.frame["age"].tolist() == [41, 42, 43, 44]
    assert done.frame["dlco"].tolist() == [11.5, 21.5, 31.5, 41.5]
    assert done.frame["fev1"].tolist() == [1, 2, 3, 4]
    said = " ".join(done.sentences())
    assert "An export of REDCap with 12 rows of 4 records" in said
    assert "several values of 'fev1': import the table with 'visits'" in said
    assert "redcap_event_name" not in done.frame


def test_repeated_forms_of_redcap():
    rows = [("sub-01", None, "2.5"), ("sub-01", "infections", None), ("sub-02", None, "3.5")]
    given = raw({
        "record_id": [one for one, *_ in rows],
        "redcap_repeat_instrument": [one for _, one, _ in rows],
        "redcap_repeat_instance": [None, "1", None],
        "fvc": [one for *_, one in rows],
        "germ": [None, "staph", None],
    })  # fmt: skip
    done = import_clinical(given, scans(session=""))
    assert done.frame["fvc"].tolist() == [2.5, 3.5]
    assert "several values" not in " ".join(done.sentences())


def test_redcap_events_that_are_sessions_meet_their_scans():
    given = raw({
        "record_id": [f"sub-0{n}" for n, _ in PAIRS],
        "redcap_event_name": [f"visit_{k}" for _, k in PAIRS],
        "fev1": [f"{n}.{k}" for n, k in PAIRS],
    })  # fmt: skip
    done = import_clinical(given, scans(session="visit-{k}"))
    assert done.frame["fev1"].tolist() == RIGHT


def test_an_export_of_redcap_as_visits(bids, tmp_path):
    study, _ = bids
    rows = [f"sub-0{n},{EVENTS[e]},20{20 + e}-01-01,{n}.{e}" for n in (1, 2, 3) for e in range(3)]
    head = "record_id,redcap_event_name,date_visit,fev1"
    (tmp_path / "r.csv").write_text("\n".join([head, *rows]) + "\n")
    done = import_visits(study, tmp_path / "r.csv")
    assert done.values["n_visits"] == 9 and done.values["time"] == "date_visit"
    text = "\n".join([head, *rows]).replace("date_visit", "x")
    (tmp_path / "r.csv").write_text(text + "\n")
    with pytest.raises(TableError, match="called a time; name it"):
        import_visits(study, tmp_path / "r.csv", VisitOptions())
