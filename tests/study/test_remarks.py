"""Named selections and notes: what is kept, and what is refused in a sentence."""

import json

import pytest

from clam_core.errors import StudyError
from clam_core.study.remarks.notes import add_note, notes_table, read_notes
from clam_core.study.remarks.selections import (
    forget_selection,
    keep_selection,
    read_selections,
    selections_table,
)
from tests.report import make


@pytest.fixture
def run(tmp_path):
    return make.run(make.study(tmp_path / "s"))


def test_selections_are_kept_replaced_and_removed(run):
    assert read_selections(run) == {}
    keep_selection(run, " dense   scans ", ["S02", "S01", "S02"])
    keep_selection(run, "two", ["S03"])
    assert read_selections(run) == {"dense scans": ("S02", "S01"), "two": ("S03",)}
    keep_selection(run, "dense scans", ["S04"])
    table = selections_table(run).set_index("scan_id")
    assert table["dense scans"].eq("yes").sum() == 1
    assert table.loc["S04"].tolist() == ["yes", "no"]
    forget_selection(run, "dense scans")
    forget_selection(run, "never was")
    assert list(read_selections(run)) == ["two"]


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("", ["S01"]),
        ("  ", ["S01"]),
        ("x" * 61, ["S01"]),
        ("a\x07", ["S01"]),
        ("a", []),
        ("a", ["no"]),
    ],
)
def test_what_cannot_be_kept_is_refused(run, name, ids):
    with pytest.raises(StudyError):
        keep_selection(run, name, ids)
    assert read_selections(run) == {}


def test_notes_are_added_and_told_in_order(run):
    study = run.study
    add_note(study, "S01", "  honeycombing?\nlook again ", "a@b.org")
    add_note(study, "S02", "movement")
    add_note(study, "S01", "no")
    assert [(n.text, n.who) for n in read_notes(study, "S01")] == [
        ("honeycombing?\nlook again", "a@b.org"),
        ("no", ""),
    ]
    assert notes_table(study)["scan_id"].tolist() == ["S01", "S02", "S01"]


def test_a_line_cut_off_by_a_crash_costs_only_itself(run):
    study = run.study
    add_note(study, "S01", "one")
    with (study.folder / "notes.jsonl").open("a") as file:
        file.write('{"scan_id": "S01", "te')
    add_note(study, "S01", "two")
    assert [note.text for note in read_notes(study)] == ["one", "two"]
    lines = (study.folder / "notes.jsonl").read_text().splitlines()
    assert json.loads(lines[-1])["text"] == "two"


@pytest.mark.parametrize(("scan", "text"), [("no", "x"), ("S01", " "), ("S01", "x" * 2001)])
def test_notes_that_cannot_be_kept_are_refused(run, scan, text):
    with pytest.raises(StudyError):
        add_note(run.study, scan, text)
    assert read_notes(run.study) == []
