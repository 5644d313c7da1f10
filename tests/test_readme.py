"""What the README tells people to type exists, and it stays one screen of words."""

import re
import tomllib

import pytest

from tests.documents import ROOT, fenced, text_of

README = text_of("README.md")
LINES = fenced(README)


def test_both_commands_are_targets_of_the_makefile():
    targets = re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    wanted = [line.split()[1] for line in LINES if line.startswith("make ")]
    assert {"app", "test"} <= set(wanted) <= set(targets)


def test_extras_that_are_installed_are_declared():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r'install "\.\[(\w+)\]"', README)
    assert named
    if "optional-dependencies" not in project:
        pytest.skip("the package has no extras yet")
    assert set(named) <= set(project["optional-dependencies"])


def test_the_app_lies_where_it_is_started():
    started = [line.split()[-1] for line in LINES if "streamlit run" in line]
    assert started
    assert all((ROOT / name).is_file() for name in started)


def test_it_is_one_screen_of_words_with_two_pictures():
    assert len(README.split()) < 800
    assert len(re.findall(r"^!\[", README, flags=re.MULTILINE)) == 2
    assert len(re.findall(r"^\| --- ", README, flags=re.MULTILINE)) == 2
