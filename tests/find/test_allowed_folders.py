"""Folders of the server: below the allowed roots and nowhere else."""

import os

import pytest

from clam_core.errors import UnsafeFileError
from clam_core.find.allowed_folders import allowed_roots, check_below, folders_in, tables_in


@pytest.fixture
def tree(tmp_path):
    for name in ("scans/one/deep", "scans/.hidden", "scans/study", "secret/inner", "studies"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "scans" / "study" / "study.json").write_text("{}")
    (tmp_path / "scans" / "out").symlink_to(tmp_path / "secret")
    (tmp_path / "scans" / "again").symlink_to(tmp_path / "scans" / "one")
    (tmp_path / "scans" / "file.nii").write_text("x")
    return tmp_path


def test_roots_are_those_that_exist_and_the_studies_come_last(tree):
    listed = os.pathsep.join([str(tree / "scans"), str(tree / "nowhere"), "", str(tree / "scans")])
    assert allowed_roots(listed, tree / "studies") == [tree / "scans", tree / "studies"]
    assert allowed_roots("", tree / "studies") == [tree / "studies"]
    assert allowed_roots("", tree / "nowhere") == []


@pytest.mark.parametrize(
    "name", ["secret", "scans/../secret", "scans/out", "scans/out/inner", ".", "scans/one/../.."]
)
def test_nothing_outside_is_opened_not_even_by_a_link(tree, name):
    with pytest.raises(UnsafeFileError, match="outside the folders"):
        check_below(tree / name, [tree / "scans"])


def test_links_that_stay_inside_are_followed(tree):
    assert check_below(tree / "scans" / "again", [tree / "scans"]) == tree / "scans" / "one"


def test_a_root_that_is_the_beginning_of_another_name_does_not_count(tree):
    (tree / "scans-of-others").mkdir()
    with pytest.raises(UnsafeFileError):
        check_below(tree / "scans-of-others", [tree / "scans"])


def test_hidden_folders_studies_and_links_outside_are_not_offered(tree):
    assert folders_in(tree / "scans", [tree / "scans"]) == ["again", "one"]
    with pytest.raises(UnsafeFileError):
        folders_in(tree / "secret", [tree / "scans"])


def test_tables_are_offered_the_scans_table_first(tree):
    for name in ("a.csv", "Scans.xlsx", "notes.txt", ".b.csv"):
        (tree / "scans" / name).write_text("x")
    (tree / "scans" / "c.csv").symlink_to(tree / "secret")
    assert tables_in(tree / "scans", [tree / "scans"]) == ["Scans.xlsx", "a.csv"]
