"""`python -m benchmarks`: its kinds, the names of its workers, and who may use it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import BenchmarkOptions, run, speed
from benchmarks.app import server
from clam_core.errors import SettingsError
from clam_core.sandbox.worker import find_function

ROOT = Path(__file__).parents[2]
KINDS = ("speed", "simulation", "faithfulness", "associations", "interface", "scale", "patterns")
KINDS += ("claims", "harmonise")


def call(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )


def test_help_names_every_kind():
    assert set(KINDS) <= set(re.findall(r"\w+", call("--help").stdout))
    with pytest.raises(SettingsError) as caught:
        run("none", BenchmarkOptions(), lambda *_: None)
    assert str(caught.value) == f"There is no benchmark 'none'; choose {', '.join(KINDS)}."


def test_a_mistake_is_one_sentence_and_exit_code_2():
    done = call("speed", "--quick")
    assert done.returncode == 2
    assert done.stderr == ("Error: Give the folder of real scans to measure on with --data.\n")


def test_its_workers_are_found_where_it_looks_for_them():
    named = re.findall(r'f"\{WORKER\}:(\w+)"', Path(speed.__file__).read_text(encoding="utf-8"))
    assert named
    for name in named:
        assert callable(find_function(f"{speed.WORKER}:{name}"))
    assert (server.ROOT / "app.py").is_file()


def test_the_readme_names_it_as_it_is_called():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "docs").rglob("*.md"):
        text += path.read_text(encoding="utf-8")
    named = set(re.findall(r"python -m benchmarks (\w+)", text))
    assert named
    assert named <= set(KINDS)
    assert "clam_core benchmark" not in text


def test_the_library_does_without_it():
    sources = [*(ROOT / "clam_core").rglob("*.py")]
    assert len(sources) > 100
    assert [path for path in sources if "benchmarks" in path.read_text(encoding="utf-8")] == []
