"""Bad inputs 29 and 30 through create and preprocess: unsafe archives, hostile names."""

import re

import pytest

from tests.bad_inputs import make
from tests.bad_inputs.steps import run_steps


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("archives") / "in"
    root.mkdir()
    make.lay_archives(root)
    make.lay_names(root)
    return run_steps(root.parent / "study", root, "none")


@pytest.fixture(scope="module")
def names(run):
    """Rows of the files with hostile names, by the ids that they got."""
    return {name: row for name, row in run.rows["none"].items() if row["source"][:3] != "z29"}


def test_the_good_scans_are_ready(run):
    assert run.ready("good1") == run.ready("z29-good") == ""


def test_none_takes_long_or_much_memory(run):
    run.check_cost()


@pytest.mark.parametrize(
    ("scan_id", "words"),
    [
        ("z29-parent", ["has a member that points outside it; it was refused whole"]),
        ("z29-absolute", ["has a member that points outside it; it was refused whole"]),
        ("z29-link", ["holds a link or a device; it was refused whole"]),
        ("z29-many", ["has 100,001 members; at most 100,000 are read. Split it"]),
        ("z29-nested", ["holds another archive; unpack that one first"]),
        ("z29-bomb", ["times when unpacked"]),
        ("z29-backslash", ["a backslash or a control character; it was refused whole"]),
    ],
)
def test_item_29_an_unsafe_archive_is_refused_whole(run, scan_id, words):
    reason = run.failed(scan_id)
    assert f"'{scan_id}.zip'" in reason
    for word in words:
        assert word in reason
    assert run[scan_id]["n_files"] == 1


def test_item_29_nothing_was_unpacked(run):
    outside = [run.folder.parent, run.folder.parent.parent, run.folder.parent / "in"]
    assert not any((place / "escaped.dcm").exists() for place in outside)


def test_item_30_every_name_is_read_and_shown_harmless(names):
    states = sorted(row["status"] for row in names.values())
    assert states == ["failed"] + ["ready"] * make.N_NAMES
    for name, row in names.items():
        for shown in (name, *(value for value in row.values() if isinstance(value, str))):
            assert shown.isprintable()
        assert name == name.strip()
        assert 0 < len(name) <= 80


def test_item_30_a_broken_file_of_a_hostile_name_is_named_without_its_tricks(names):
    (reason,) = [row["reason"] for row in names.values() if row["reason"]]
    assert reason == "(name hidden) is an empty file (0 bytes); copy or export it again."


def test_item_30_no_name_of_the_study_comes_from_outside(run, names):
    """Files of the study have names of its own only, and go back to scans by their row."""
    own = re.compile(r"[a-z0-9_.]+(/[a-z0-9_.]+)*")
    for path in run.folder.rglob("*"):
        assert own.fullmatch(path.relative_to(run.folder).as_posix()), path
    pictures = {p.name for p in run.folder.rglob("*.png")}
    assert len(pictures) == make.N_NAMES + 1
    assert {row["n_files"] for row in names.values()} == {1}
