import pytest

from clam_core.errors import StudyError
from clam_core.files.file_names import is_device, is_harmless
from clam_core.files.given_names import check_name, name_fault
from clam_core.jobs.record import Record
from clam_core.study import Run, check_free
from tests.study import make

GOOD = ["a", "7", "my-study_2", "A" * 64, "default", "console", "com", "COM10", "nul-1"]
DEVICES = ["CON", "con", "nul", "PRN", "aux", "lpt1", "COM9"]
BAD = [
    "",
    ".",
    "..",
    ".x",
    "-a",
    "_a",
    "a b",
    "a.b",
    "a/b",
    "a\\b",
    "é",
    "a\n",
    "A" * 65,
    "a:b",
    "a\u200b",
]


@pytest.mark.parametrize("name", GOOD)
def test_names_that_every_computer_takes(name):
    assert name_fault(name) == ""
    check_name(name, "run")
    assert is_harmless(name)  # the rule for names of files is wider


@pytest.mark.parametrize("name", DEVICES)
def test_the_name_of_a_device_is_refused_with_the_reason(name):
    assert is_device(name)
    with pytest.raises(
        StudyError, match=f"A run cannot be called '{name}': Windows keeps this name"
    ):
        check_name(name, "run")


@pytest.mark.parametrize("name", BAD)
def test_other_names_are_refused_with_the_rule(name):
    with pytest.raises(StudyError) as refused:
        check_name(name, "study")
    said = str(refused.value)
    assert said.startswith(f"A study cannot be called {name!r}: a name has letters from A to Z, ")
    assert "at most 64" in said
    assert "Windows" not in said


@pytest.mark.parametrize("name", [*DEVICES, *BAD])
def test_studies_runs_and_jobs_have_the_same_rule(tmp_path, name):
    study = make.empty(tmp_path / "study")
    with pytest.raises(StudyError, match="A run cannot be called"):
        Run(study, name)
    with pytest.raises(StudyError, match="A study cannot be called"):
        Record(tmp_path, name)
    if "/" not in name and "\\" not in name:  # else it is another folder
        with pytest.raises(StudyError, match="A study cannot be called|is not empty"):
            check_free(tmp_path / name)


@pytest.mark.parametrize("name", GOOD)
def test_studies_runs_and_jobs_take_the_same_names(tmp_path, name):
    study = make.empty(tmp_path / "study")
    assert Run(study, name).name == Record(tmp_path, name).study == name
    check_free(tmp_path / name)
