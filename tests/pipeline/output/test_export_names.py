"""No id of a scan, name of a variable or name of a file leads out of the folder of an export."""

import shutil
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import nibabel
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from clam_core.__main__ import app
from clam_core.errors import StudyError
from clam_core.pipeline.current import inputs_digest
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.output.destination import Destination
from clam_core.pipeline.output.export import export
from clam_core.pipeline.output.export_figures import figure_files, figures_archive
from clam_core.pipeline.output.map_files import names_of_new
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.settings import LocalizeSettings, PreprocessSettings
from clam_core.study import Run, Study
from clam_core.study.atomic import write_bytes, write_json, write_table
from tests.pipeline.simulated import QUICK, cohort, study_of

runner = CliRunner()


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    study = study_of(tmp_path_factory.mktemp("study") / "s", cohort(n_per_group=6), failed=0)
    fit(study, "r", QUICK)
    localize(study, "r", LocalizeSettings())
    return study


@pytest.fixture
def renamed(made, tmp_path):
    """The study with other names for its first scans."""

    def copy(*ids):
        shutil.copytree(made.folder, tmp_path / "study")
        old = made.scans().index
        new = pd.Index([*ids, *old[len(ids) :]], name="scan_id", dtype="str")
        for file in ("scans.parquet", "runs/r/scans.parquet", "runs/r/maps.parquet"):
            path = tmp_path / "study" / file
            table = pd.read_parquet(path)
            write_table(path, table.set_axis(new, axis=0))
        study = Study(tmp_path / "study")
        info = Run(study, "r").info().model_copy(update={"inputs": inputs_digest(study, list(new))})
        write_json(study.folder / "runs/r/run.json", info.model_dump(mode="json"))
        return study

    return copy


def exported(study, to, what="maps", *more):
    arguments = ["export", str(study.folder), "--run", "r", "--what", what, "--to", str(to), *more]
    return runner.invoke(app, arguments)


def digests(folder):
    return {
        str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def files_of(to):
    """File of each scan by the exported table, which lists every file there is."""
    listed = pd.read_csv(to / "maps.csv", dtype=str, keep_default_na=False)
    assert list(listed.columns) == ["file", "scan_id"]
    return dict(zip(listed["scan_id"], listed["file"], strict=True))


def test_an_id_that_climbs_overwrites_nothing(renamed, tmp_path):
    study = renamed("../overwrite/f3")
    original = tmp_path / "overwrite"
    original.mkdir()
    (original / "f3.nii.gz").write_bytes(b"the scan")
    done = exported(study, tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert digests(original) == {"f3.nii.gz": sha256(b"the scan").hexdigest()}
    file = files_of(tmp_path / "out")["../overwrite/f3"]
    assert file.startswith("overwrite_f3-")
    stored = Run(study, "r").activation_map("../overwrite/f3")
    image = np.asanyarray(nibabel.load(tmp_path / "out" / file).dataobj)
    np.testing.assert_allclose(image[::2], stored, atol=1e-6)


def test_every_scan_has_a_map_of_its_own_whatever_it_is_called(renamed, tmp_path):
    ids = ["A/B", "a", "A", "A:4", "CON", "..", "x" * 80, "\u00fc", "u\u0308", "🫁", "=1+1", "/abs"]
    study = renamed(*ids)
    done = exported(study, tmp_path / "out")
    assert done.exit_code == 0, done.output
    files = files_of(tmp_path / "out")
    assert len(files) == 12
    assert set(digests(tmp_path / "out")) == {file.lstrip("'") for file in files.values()} | {
        "maps.csv"
    }
    assert len({file.casefold() for file in files.values()}) == 12
    assert files["🫁"] == "🫁.nii.gz"
    assert files["x" * 80] == f"{'x' * 80}.nii.gz"
    assert files["'=1+1"] == "'=1+1.nii.gz"  # as every text that a spreadsheet would run
    for scan_id in ("a", "A", "CON", "A:4"):
        image = np.asanyarray(nibabel.load(tmp_path / "out" / files[scan_id]).dataobj)
        stored = Run(study, "r").activation_map(scan_id)
        np.testing.assert_allclose(image[::2], stored, atol=1e-6)


def test_harmless_ids_keep_their_names_and_bytes(made, renamed, tmp_path):
    export(made, "r", "maps", tmp_path / "one")
    export(renamed("A/B"), "r", "maps", tmp_path / "two")
    one, two = digests(tmp_path / "one"), digests(tmp_path / "two")
    assert {file for file in one if file != "maps.csv"} == {f"s{n:02d}.nii.gz" for n in range(12)}
    assert {name: two[name] for name in one if name not in {"maps.csv", "s00.nii.gz"}} == {
        name: digest for name, digest in one.items() if name not in {"maps.csv", "s00.nii.gz"}
    }
    assert one["s00.nii.gz"] == two[files_of(tmp_path / "two")["A/B"]]


@pytest.mark.parametrize(
    ("what", "name"),
    [("maps", "s03.nii.gz"), ("maps", "maps.csv"), ("tables", "clusters.csv"),
     ("latent", "latent.csv")],
)  # fmt: skip
def test_nothing_is_written_through_a_planted_link(made, tmp_path, what, name):
    own, to = tmp_path / "own", tmp_path / "out"
    own.write_bytes(b"own")
    to.mkdir()
    (to / name).symlink_to(own)
    done = exported(made, to, what)
    assert done.exit_code == 2
    assert "nothing is written through a link" in done.stderr
    assert own.read_bytes() == b"own"


@pytest.mark.parametrize("what", ["tables", "figures"])
def test_nor_where_associations_are_exported(made, tmp_path, monkeypatch, what):
    own, to, place = tmp_path / "own", tmp_path / "out", "clam_core.pipeline.output.export"
    own.write_bytes(b"own")
    to.mkdir()
    (to / "x.csv").symlink_to(own)
    for name, value in (("has", True), ("read", SimpleNamespace(rows=[]))):
        monkeypatch.setattr(f"{place}.{name}_associations", lambda _, value=value: value)
    monkeypatch.setattr(f"{place}.association_files", lambda _: {"x.csv": b"new"})
    monkeypatch.setattr(f"{place}.figure_files", lambda _: iter([("x.csv", b"new")]))
    with pytest.raises(StudyError, match="nothing is written through a link"):
        export(made, "r", what, to)
    assert (to / "x.csv").is_symlink()
    assert own.read_bytes() == b"own"


def test_nor_through_one_in_the_place_of_a_file_that_is_not_whole_yet(tmp_path):
    own = tmp_path / "own"
    own.write_bytes(b"own")
    (tmp_path / ".x.csv.partial").symlink_to(own)
    with pytest.raises(StudyError, match="could not be written"):
        write_bytes(tmp_path / "x.csv", b"new")
    assert own.read_bytes() == b"own"
    write_bytes(tmp_path / "x.csv", b"new")
    assert (tmp_path / "x.csv").read_bytes() == b"new"


def test_a_map_that_cannot_be_written_is_a_sentence(made, tmp_path):
    (tmp_path / "out" / "s03.nii.gz").mkdir(parents=True)
    done = exported(made, tmp_path / "out", "maps", "--overwrite")
    assert done.exit_code == 2
    assert "'s03.nii.gz' could not be written (Is a directory)" in done.stderr
    assert not list((tmp_path / "out").glob(".*"))


# What lies there already


@pytest.mark.parametrize(
    ("what", "name"),
    [("maps", "s03.nii.gz"), ("maps", "maps.csv"), ("tables", "clusters.csv"),
     ("latent", "latent.csv")],
)  # fmt: skip
def test_a_file_that_is_there_is_kept_unless_the_user_says_so(made, tmp_path, what, name):
    to = tmp_path / "out"
    to.mkdir()
    (to / name).write_bytes(b"own")
    refused = exported(made, to, what)
    assert refused.exit_code == 2
    assert f"{name!r} is already in 'out'; choose another folder" in refused.stderr
    assert digests(to) == {name: sha256(b"own").hexdigest()}  # not even the others are written
    assert exported(made, to, what, "--overwrite").exit_code == 0
    assert (to / name).read_bytes() != b"own"


def test_several_are_counted(made, tmp_path):
    exported(made, tmp_path, "maps")
    refused = exported(made, tmp_path, "maps")
    assert "13 files ('s00.nii.gz', 's01.nii.gz', 's02.nii.gz' and 10 more) are" in refused.stderr


@pytest.mark.parametrize("place", ["scans", "study/runs/r"])
def test_scans_and_studies_are_never_replaced(made, tmp_path, place):
    """Scans that are called like their ids, in the folder that the study was made from."""
    study = Study(shutil.copytree(made.folder, tmp_path / "study"))
    info = study.info.model_copy(update={"scans_root": str(tmp_path / "scans")})
    write_json(study.folder / "study.json", info.model_dump(mode="json"))
    own = tmp_path / place / "s03.nii.gz"
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_bytes(b"the scan")
    (tmp_path / "link").symlink_to(tmp_path / place)
    for to in (tmp_path / place, tmp_path / "link", tmp_path / place / ".." / own.parent.name):
        for more in ((), ("--overwrite",)):
            refused = exported(study, to, "maps", *more)
            assert refused.exit_code == 2
            assert "nothing is replaced there" in refused.stderr
    assert own.read_bytes() == b"the scan"
    assert not (tmp_path / place / "s00.nii.gz").exists()


@pytest.mark.parametrize("content", [b"my thesis", b"<!DOCTYPE html>\n<html><head>other"])
def test_a_report_replaces_a_report_and_nothing_else(made, tmp_path, content):
    file = tmp_path / "r.html"
    file.write_bytes(content)
    arguments = [
        "report",
        str(made.folder),
        "--run",
        "r",
        "--sections",
        "methods",
        "--to",
        str(file),
    ]
    refused = runner.invoke(app, arguments)
    assert refused.exit_code == 2
    assert "'r.html' is already in" in refused.stderr
    assert file.read_bytes() == content
    assert runner.invoke(app, [*arguments, "--overwrite"]).exit_code == 0
    first = file.read_bytes()
    assert runner.invoke(app, arguments).exit_code == 0
    assert file.read_bytes() == first


def test_a_report_takes_no_file_of_the_study(made, tmp_path):
    study = Study(shutil.copytree(made.folder, tmp_path / "study"))
    before = digests(study.folder)
    arguments = ["report", str(study.folder), "--run", "r", "--overwrite", "--to"]
    refused = runner.invoke(app, [*arguments, str(study.folder / "study.json")])
    assert refused.exit_code == 2
    assert digests(study.folder) == before


# Maps of new scans


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["in/scan.nii.gz", "other.zip"], ["scan", "other"]),
        (["P1.a.nii.gz", "P1.b.nii.gz", "P2.c.nii"], ["P1.a", "P1.b", "P2"]),
        (["x/scan.nii.gz", "x/scan.nii.gz"], ["scan", "scan"]),
    ],
)
def test_new_scans_keep_their_names_where_these_tell_them_apart(paths, names):
    found = names_of_new([Path(path) for path in paths])
    assert [found[Path(path)] for path in paths] == names


@pytest.mark.parametrize(
    ("paths", "starts"),
    [
        (["a/scan.nii.gz", "b/scan.nii.gz"], ["a_scan-", "b_scan-"]),
        (["scan.nii", "scan.nii.gz", "SCAN"], ["scan.nii", "scan.nii.gz", "SCAN"]),
        ([".x.nii", "..", "/"], ["x-", "unnamed-", "unnamed-"]),
        (["COM1.nii.gz"], ["_COM1-"]),
    ],
)
def test_new_scans_of_one_name_get_different_ones(paths, starts):
    found = names_of_new([Path(path) for path in paths])
    assert len({name.casefold() for name in found.values()}) == len(paths)
    for path, start in zip(paths, starts, strict=True):
        assert found[Path(path)].startswith(start)


def test_what_may_be_a_name_is_replaced_by_a_number():
    paths = [Path("in/P1.nii.gz"), Path("in/Jones Mary.nii.gz"), Path("in/P2.nii.gz")]
    assert list(names_of_new(paths).values()) == ["P1", "scan-2", "P2"]


def test_a_map_is_not_written_elsewhere(made, tmp_path):
    for name in ("../x", "a/b", "", ".."):
        with pytest.raises(StudyError, match="nothing is written outside"):
            Destination(made, tmp_path / "out").place(name)


# The cases as they came


CASES = {"export_path_traversal": ("overwrite", "ow.csv"), "export_slash_crash": ("ids", "ids.csv")}


@pytest.mark.parametrize("case", CASES)
def test_the_cases_that_went_wrong(case, shared_cases, tmp_path):
    place, table = CASES[case]
    shutil.copytree(shared_cases / case, tmp_path / "case")
    home = tmp_path / "case"
    before = digests(home / place)
    create(home / "study", home / place, home / table, CreateOptions(n_workers=1))
    study = Study(home / "study")
    preprocess(study, PreprocessSettings(grid=(16, 16, 16), mask="none"), 1)
    fit(study, "r", QUICK)
    localize(study, "r", LocalizeSettings())
    done = exported(study, home / "out")
    assert done.exit_code == 0, done.output
    assert digests(home / place) == before
    files = files_of(home / "out")
    ready = study.scans()["status"] == "ready"
    assert {scan_id.lstrip("'") for scan_id in files} == set(ready.index[ready])
    assert set(digests(home / "out")) == {file.lstrip("'") for file in files.values()} | {
        "maps.csv"
    }
    assert not {"../overwrite/f3", "A/B", "CON"}.isdisjoint(files)


def test_names_of_variables(monkeypatch):
    drawn = {"effects": "e", "variable_1 fvc": "v", "variable_2 ../x": "w", "change_1 fvc": "c"}
    assert names_of(monkeypatch, drawn) == [
        "effects.svg", "variable_1_fvc.svg", "variable_2_x.svg", "change_1_fvc.svg",
        "captions.txt", "figures.csv",
    ]  # fmt: skip
    content = dict(figure_files(None))["figures.csv"].decode()
    assert content.splitlines() == [
        "file,variable", "variable_1_fvc.svg,fvc", "variable_2_x.svg,../x", "change_1_fvc.svg,fvc",
    ]  # fmt: skip
    assert b"figures.csv" in figures_archive(None)
    del drawn["variable_2 ../x"]
    assert names_of(monkeypatch, drawn)[-1] == "captions.txt"
    (name,) = names_of(monkeypatch, {"variable_1 " + "\U00020000" * 80: "v"})[:1]
    assert len(name.encode()) <= 104


def names_of(monkeypatch, drawn):
    class Fake:
        caption = "seen"

    place = "clam_core.pipeline.output.export_figures"
    monkeypatch.setattr(f"{place}.all_drawings", lambda _: dict.fromkeys(drawn, Fake()))
    monkeypatch.setattr(f"{place}.drawing_files", lambda _: {"svg": b"<svg/>"})
    return [name for name, _ in figure_files(None)]
