"""What is installed: one version, one list of packages, every file that the code reads."""

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

import clam_core
from clam_core.__main__ import app as main_app
from clam_core.command_line.app import app_script
from clam_core.errors import ClamError, MissingPackageError

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
EXTRAS = PROJECT["project"]["optional-dependencies"]
KEPT = ("app.py", "README.md", "LICENSE", "pyproject.toml", ".streamlit/config.toml")


def required(name):
    lines = (ROOT / name).read_text().splitlines()
    return sorted(line for line in lines if line and not line.startswith(("#", "-r")))


def test_requirements_files_repeat_the_project():
    assert required("requirements.txt") == sorted(
        [*PROJECT["project"]["dependencies"], *EXTRAS["app"]]
    )
    dev = [one for one in EXTRAS["dev"] if not one.startswith("clam-explorer")]
    assert required("requirements-dev.txt") == sorted(dev)
    assert set(EXTRAS["export"]) <= set(dev)


def test_the_version_is_written_once():
    assert "version" not in PROJECT["project"]
    assert PROJECT["tool"]["hatch"]["version"]["path"] == "clam_core/__init__.py"
    text = (ROOT / "clam_core" / "__init__.py").read_text()
    assert re.findall(r'__version__ = "(.+)"', text) == [clam_core.__version__]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Names in the wheel that is built from a copy of the tracked files."""
    if find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed here")
    home = tmp_path_factory.mktemp("wheel")
    for name in KEPT:
        (home / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, home / name)
    for name in ("clam_core", "pages", "assets"):
        shutil.copytree(ROOT / name, home / name)
    (home / "studies").mkdir()
    (home / "studies" / "secret.nii.gz").write_bytes(b"a scan")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(home / "dist")]
    subprocess.run(command, cwd=home, check=True, capture_output=True)
    (built,) = (home / "dist").glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        return set(archive.namelist()), archive.read(metadata).decode()


def test_the_wheel_holds_every_file_of_the_package_and_the_app(wheel):
    names, _ = wheel
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "clam_core").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert package <= names
    assert "clam_core/statistics/significance/choose_test.py" in names
    app = {
        f"clam_core/app/{path.relative_to(ROOT).as_posix()}"
        for folder in ("pages", "assets")
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    app |= {"clam_core/app/app.py", "clam_core/app/.streamlit/config.toml"}
    extra = {name for name in names - package - app if "dist-info" not in name}
    assert (app - names, extra) == (set(), set())


def test_the_wheel_says_what_it_is(wheel):
    names, metadata = wheel
    assert f"Version: {clam_core.__version__}\n" in metadata
    assert "License-Expression: MIT" in metadata
    assert {"app", "cluster", "dev", "export"} == set(
        re.findall(r"^Provides-Extra: (\w+)", metadata, flags=re.MULTILINE)
    )
    assert "clam_core/py.typed" in names


def test_the_app_is_found_in_a_checkout_and_in_the_package(tmp_path):
    assert app_script() == ROOT / "app.py"
    package = tmp_path / "clam_core"
    (package / "app").mkdir(parents=True)
    with pytest.raises(ClamError, match="holds no app"):
        app_script(package)
    (package / "app" / "app.py").touch()
    (tmp_path / "app.py").touch()
    assert app_script(package) == package / "app" / "app.py"


def test_the_app_says_what_it_needs(monkeypatch):
    monkeypatch.setattr("clam_core.command_line.app.find_spec", lambda _: None)
    with pytest.raises(MissingPackageError, match=r"pip install 'clam-explorer\[app\]'"):
        app_script()


def test_the_server_takes_the_place_of_the_command(monkeypatch, tmp_path):
    seen = []

    def become(command, environment):
        seen.append((command, environment["CLAM_STUDIES"]))
        raise SystemExit(0)

    monkeypatch.setattr("clam_core.command_line.app._become", become)
    monkeypatch.chdir(tmp_path)
    options = ["app", "here", "--port", "9000", "--address", "0.0.0.0", "--headless"]  # noqa: S104
    assert CliRunner().invoke(main_app, options).exit_code == 0
    ((command, studies),) = seen
    assert command[1:5] == ["-m", "streamlit", "run", str(ROOT / "app.py")]
    assert command[5:] == [
        "--server.port=9000",
        "--server.address=0.0.0.0",
        "--server.headless=true",
    ]
    assert studies == str(tmp_path / "here")
    assert (tmp_path / "here").is_dir()
    (tmp_path / "file").touch()
    refused = CliRunner().invoke(main_app, ["app", "file"])
    assert refused.exit_code == 2
    assert "The folder 'file' cannot be made" in refused.stderr
