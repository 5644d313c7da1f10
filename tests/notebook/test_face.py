"""The names that `import clam_core` offers: loaded late, and never replaced by sub-packages."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import clam_core as clam


def run(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)


def test_importing_the_package_loads_nothing_else():
    done = run("import sys; before = set(sys.modules); import clam_core; "
               "print(sorted(set(sys.modules) - before))")  # fmt: skip
    assert done.stdout.strip() == "['clam_core']"


def test_every_name_is_there_and_is_what_its_name_says():
    assert set(clam.__all__) <= set(dir(clam))
    for name in clam.__all__:
        value = getattr(clam, name)
        assert name in {getattr(value, "__name__", "").rpartition(".")[2]}
        assert value.__doc__


def test_what_type_checkers_see_is_what_is_offered():
    stub = Path(clam.__file__).with_suffix(".pyi").read_text()
    seen = {part.names[0].name: part.module for part in ast.parse(stub).body
            if isinstance(part, ast.ImportFrom)}  # fmt: skip
    assert sorted(seen) == sorted(clam.__all__)
    for name, module in seen.items():
        home = "clam_core" if name == "settings" else getattr(clam, name).__module__
        assert module == home, name


def test_a_star_brings_every_name():
    done = run("from clam_core import *; print(fit.__name__, Study.__name__, settings.__name__)")
    assert done.stdout.split() == ["fit", "Study", "clam_core.settings"]


@pytest.mark.parametrize("step", ["report", "preprocess"])
def test_a_step_is_not_replaced_by_the_package_of_its_name(step):
    done = run(
        f"import clam_core, clam_core.{step}\n"
        f"assert callable(clam_core.{step})\n"
        "import clam_core.report.html, clam_core.preprocess.grid\n"
        f"from clam_core import {step}\n"
        f"assert callable({step}) and callable(clam_core.{step})\n"
        "from clam_core.preprocess.grid import __name__ as name\n"
        "print(name, clam_core.settings.__name__, clam_core.study.__name__)"
    )
    assert done.stdout.split() == ["clam_core.preprocess.grid", "clam_core.settings",
                                   "clam_core.study"]  # fmt: skip


def test_other_names_are_not_there():
    with pytest.raises(AttributeError, match="no attribute 'fits'"):
        _ = clam.fits
