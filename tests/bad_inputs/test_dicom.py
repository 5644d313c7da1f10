"""Bad inputs 18 to 28 through create and preprocess: DICOM series beside a good one."""

import pandas as pd
import pytest

from clam_core.files.personal_names import fold
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.study import Study
from tests.bad_inputs import make_dicom as make
from tests.bad_inputs.steps import is_sentence, run_steps

HIDDEN = ("~", "gap-1", "short-9")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """All of them in one folder."""
    root = tmp_path_factory.mktemp("dicom") / "in"
    make.series(root / "good-1")
    make.lay_broken(root)
    make.lay_mixed(root)
    make.lay_others(root)
    make.lay_canary(root)
    return run_steps(root.parent / "study", root, "none")


def test_the_good_series_is_ready(run):
    assert run.ready("good-1") == ""


def test_none_takes_long_or_much_memory(run):
    """Also for item 24, whose header asks for 7 GB per slice."""
    run.check_cost()


@pytest.mark.parametrize(
    ("scan_id", "words"),
    [
        ("d18-gap", ["Gap between slice 3 and 4: 4.0 mm instead of 2.0 mm", "1 slice is missing"]),
        (
            "d19-cut",
            [
                "slice_005.dcm: It is cut short",
                "need 240 bytes of pixel data, the file holds 140",
                "copy it again",
            ],
        ),
        ("d22-mixed", ["The series mixes 2 patients; export each of them apart"]),
        ("d23-lost", ["8 of 8 images do not say where they lie", "export the series again"]),
        ("d24-lie", ["60000 rows x 60000 columns", "the file holds 240", "And 2 more"]),
        ("d25-depth-300-slice_000", ["nested too deeply to be a real one"]),
        ("d25-depth-100000-slice_000", ["nested too deeply to be a real one"]),
        ("d26-junk-junk2", ["junk2.dcm is an empty file"]),
    ],
)
def test_what_cannot_be_used_says_why(run, scan_id, words):
    reason = run.failed(scan_id)
    for word in words:
        assert word in reason


def test_item_20_duplicates_are_left_out_and_said(run):
    assert "3 duplicate slices ignored." in run.ready("d20-copies")
    assert run["d20-copies"]["original_shape"] == "10x12x8"


def test_item_21_a_scout_is_split_from_its_series(run):
    assert run.ready("d21-scout") == ""
    assert run["d21-scout"]["original_shape"] == "10x12x8"
    reason = run.why_skipped("d21-scout/scout_1.dcm")
    assert "another size or orientation than the 8 main images" in reason


def test_item_22_two_series_and_two_patients_in_an_archive_are_told_apart(run):
    rows = run.rows["none"]
    shapes = {name: rows[name]["original_shape"] for name in rows if name.startswith("d22-")}
    assert shapes == {
        "d22-mixed": None,
        "d22-patients-b1": "10x12x5",
        "d22-patients-b2": "10x12x6",
        "d22-series-a1": "10x12x5",
        "d22-series-a2": "10x12x6",
    }
    subject = {name: rows[name]["subject_id"] for name in shapes}
    assert subject["d22-series-a1"] == subject["d22-series-a2"]
    assert subject["d22-patients-b1"] != subject["d22-patients-b2"]


def test_item_22_a_table_that_names_such_an_archive_must_choose(tmp_path):
    root = tmp_path / "in"
    root.mkdir()
    make.lay_archives(root)
    table = tmp_path / "scans.csv"
    lines = ["both,d22-series.zip", "one,d22-series.zip/a2"]
    table.write_text("\n".join(["scan_id,path", *lines]) + "\n")
    create(tmp_path / "study", root, table, CreateOptions(n_workers=1))
    scans = Study(tmp_path / "study").scans()
    assert scans["status"].to_dict() == {"both": "failed", "one": "found"}
    assert "It holds 2 scans; name one of them in the table" in scans.loc["both", "reason"]
    assert scans.loc["one", "n_files"] == 6


@pytest.mark.parametrize(
    ("where", "n_files", "reason"),
    [
        ("d26-junk", 2, "Hidden or system file"),
        ("d26-junk/DICOMDIR", 1, "It is a DICOMDIR (a list of files)"),
        ("d26-junk/junk1.dcm", 1, "a file of unknown type"),
        ("d27-screen", 2, "a secondary capture (a picture of a screen)"),
        ("d27-burned", 8, "text burned into the picture, which may name the patient"),
    ],
)
def test_items_26_and_27_are_skipped_one_by_one(run, where, n_files, reason):
    skipped = Study(run.folder).skipped()
    at_place = skipped["source"].eq(where) | skipped["source"].str.startswith(f"{where}/")
    found = skipped[at_place & skipped["reason"].str.contains(reason, regex=False)]
    assert found["n_files"].tolist() == [1] * n_files
    assert found["source"].is_unique
    assert all(is_sentence(why) for why in found["reason"])


def test_item_26_junk_beside_a_series_does_not_harm_it(run):
    assert run.ready("d26-junk") == ""
    assert run["d26-junk"]["original_shape"] == "10x12x8"


def test_item_28_scans_of_the_patient_are_read_and_hidden(run):
    planted = [row for row in run.rows["none"].values() if row["source"].startswith(HIDDEN)]
    assert sorted(row["status"] for row in planted) == ["failed"] * 4 + ["ready"] * 3
    assert len({row["subject_id"] for row in planted if row["format"] == "dicom"}) == 1
    assert all(row["subject_id"].startswith(("sub-", "scan-")) for row in planted)
    assert {row["site"][:5] for row in planted if row["site"]} == {"site-"}


def test_item_28_the_patients_name_is_nowhere(run):
    """Neither in bytes of the study, nor in its tables, nor in what the steps say."""
    files = [path for path in run.folder.rglob("*") if path.is_file()]
    tables = [path for path in files if path.suffix == ".parquet"]
    assert len(tables) == 3
    texts = [run.said, *(path.relative_to(run.folder).as_posix() for path in files)]
    texts += [pd.read_parquet(path).reset_index().to_csv() for path in tables]
    content = b"\n".join(path.read_bytes() for path in files)
    for word in (make.NAME, make.PLACE, make.DATE, "1947-05-23", "Anna", "-4711"):
        assert word.encode() not in content
        assert word.lower().encode() not in content.lower() or len(word) < 6
        for text in texts:
            assert fold(word) not in fold(text)
