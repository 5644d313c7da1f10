"""What the README tells people to type exists."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from clam_core.__main__ import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
FENCED = re.findall(r"^```\w*\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
LINES = [line.split("  #")[0].strip() for block in FENCED for line in block.splitlines()]
PARTS = [part.strip() for line in LINES for part in line.split("&&")]
STEPS = [part for part in PARTS if part.startswith("python -m clam_core ")]


def test_both_commands_are_targets_of_the_makefile():
    targets = re.findall(r"^(\w[\w-]*):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    wanted = [part.split()[1] for part in PARTS if part.startswith("make ")]
    assert {"app", "test"} <= set(wanted) <= set(targets)


@pytest.mark.parametrize("line", STEPS)
def test_every_step_takes_its_arguments(line):
    name, *arguments = shlex.split(line)[3:]
    command = typer.main.get_command(app).commands[name]
    context = command.make_context(name, arguments)  # raises on an unknown or missing option
    assert context.params


def test_pictures_and_links_exist():
    targets = re.findall(r"\]\(([^)#:]+)\)", README)
    assert targets
    for target in targets:
        assert (ROOT / target).is_file(), target


def test_requirements_files_exist():
    named = re.findall(r"-r (\S+)", " ".join(LINES))
    assert named
    assert all((ROOT / name).is_file() for name in named)
