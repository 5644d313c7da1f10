"""Whatever scans, runs and clinical columns are called: nothing is written outside its folder."""

import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from clam_core.errors import ClamError, StudyError
from clam_core.pipeline.clinical.associate import associate_run
from clam_core.pipeline.clinical.import_clinical import import_table
from clam_core.pipeline.current import inputs_digest
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.output.export import export
from clam_core.pipeline.output.report import report
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.read.nifti import write_nifti
from clam_core.report import ReportSettings
from clam_core.settings import AssociateSettings, LocalizeSettings, PreprocessSettings
from clam_core.study import Run, Study, write_names
from clam_core.study.atomic import write_json, write_table
from tests.pipeline.simulated import QUICK, cohort, study_of

N_SCANS = 8
NASTY = st.sampled_from([
    "..", ".", "/", "\\", "../x", "..\\x", "/etc/passwd", "C:\\x", "\\\\host\\share", "~/x", "-rf",
    "CON", "nul.txt", "a:b", "a\x00b", "a\nb", "\u202egpj", "\ud800", "x" * 300, "\U0001f600" * 80,
    "A", "a", "\u00e9", "e\u0301", "\ufb01", "\u212a", "%2e%2e%2f", "${HOME}", "$(id)", "`id`",
    "LPT1.nii", "aux .txt", "CON\u00b9", "a.", "a ", ".a", "\u212b", "\u00c5", "A\u030a",
    "\u200fa\u202c", "\ufeffa", "a\u200b", "\u00df", "SS", "\u1e9e", "\u0130", "i\u0307", "a|b",
    "a?b*", "<script>", "=1+1", " ", "", ".hidden", "name.", "name ", "clusters.csv", "maps.csv",
    "x/../..",
])  # fmt: skip
NAMES = st.one_of(NASTY, st.text(max_size=40), st.tuples(NASTY, NASTY).map("/".join))
FEW = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    study = study_of(tmp_path_factory.mktemp("made") / "s", cohort(n_per_group=4), failed=0)
    fit(study, "r", QUICK)
    localize(study, "r", LocalizeSettings(variant="paper"))
    return study


@pytest.fixture
def home(tmp_path_factory):
    """A folder with a study three levels down, and files around it that must stay."""

    def build(study):
        top = tmp_path_factory.mktemp("home")
        (top / "a/b").mkdir(parents=True)
        for place in (top, top / "a", top / "a/b"):
            (place / "own.txt").write_text("mine")
        return top, Path(shutil.copytree(study.folder, top / "a/b/s"))

    return build


def digests(top, without):
    return {
        str(path.relative_to(top)): sha256(path.read_bytes()).hexdigest()
        for path in top.rglob("*")
        if path.is_file() and not path.is_relative_to(without)
    }


def renamed(folder, ids):
    """Give the scans of a study, and of its run, other ids."""
    index = pd.Index(ids, name="scan_id", dtype="str")
    for file in ("scans.parquet", "runs/r/scans.parquet", "runs/r/maps.parquet"):
        write_table(folder / file, pd.read_parquet(folder / file).set_axis(index, axis=0))
    study = Study(folder)
    info = Run(study, "r").info().model_copy(update={"inputs": inputs_digest(study, ids)})
    write_json(folder / "runs/r/run.json", info.model_dump(mode="json"))
    return study


def storable(text):
    """What a table on the disk can hold: halves of characters cannot be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()


@FEW
@given(ids=st.lists(NAMES.map(storable), min_size=N_SCANS, max_size=N_SCANS, unique=True))
@example(ids=["../own", "../../own.txt", "own.txt", "a", "A", "CON", "", "/etc/hosts"])
def test_scan_ids(made, home, ids):
    top, folder = home(made)
    study = renamed(folder, ids)
    out = top / "a/b/out"
    before = digests(top, out)
    for what in ("maps", "tables", "latent"):
        export(study, "r", what, out / what)
        listed = [path for path in (out / what).iterdir() if path.is_file()]
        assert len(listed) == len(list((out / what).iterdir()))
    assert len(list((out / "maps").iterdir())) == N_SCANS + 1
    report(study, "r", out / "report.html", ReportSettings(sections=("cohort", "clusters")))
    assert digests(top, out) == before


@FEW
@given(name=NAMES)
@example(name="../r2")
@example(name="r\n2")
def test_run_names(made, home, name):
    top, folder = home(made)
    study, runs = Study(folder), folder / "runs"
    before = digests(top, runs)
    try:
        fit(study, name, QUICK.model_copy(update={"n_clusters": 3}))
    except StudyError as error:
        assert "\n" not in str(error)
    else:
        assert (runs / name).parent == runs
        assert (runs / name / "run.json").is_file()
    for step in (lambda: export(study, name, "latent", top / "out"), lambda: Run(study, name)):
        try:
            step()
        except ClamError as error:
            assert "\n" not in str(error)
    shutil.rmtree(top / "out", ignore_errors=True)
    assert digests(top, runs) == before


@FEW
@given(names=st.lists(NAMES.map(storable), min_size=2, max_size=2))
@example(names=["../own", "<script>alert(1)</script>"])
@example(names=["=1+1", "a"])
def test_cluster_names(made, home, names):
    top, folder = home(made)
    study = Study(folder)
    out = top / "a/b/out"
    before = digests(top, out)
    try:
        write_names(Run(study, "r"), dict(enumerate(names, start=1)))
    except StudyError as error:
        assert str(error).strip() and "\n" not in str(error)
    for what in ("maps", "tables", "latent"):
        export(study, "r", what, out / what)
    report(study, "r", out / "report.html", ReportSettings(sections=("clusters", "maps")))
    assert b"<script>alert" not in (out / "report.html").read_bytes()
    after = digests(top, out)
    after.pop("a/b/s/runs/r/names.json", None)
    assert after == before


@settings(FEW, max_examples=2)  # each draws the figures of two columns
@given(names=st.lists(NAMES.map(storable), min_size=2, max_size=2, unique=True))
@example(names=["../own", "own.txt"])
@example(names=["fvc", "FVC"])
def test_columns(made, home, names):
    top, folder = home(made)
    study = Study(folder)
    out = top / "a/b/out"
    table = pd.DataFrame({"scan_id": [f"s{n:02d}" for n in range(N_SCANS)]})
    for number, name in enumerate(names):
        table[f"c{number}"] = [float((7 * n + number) % 5) for n in range(N_SCANS)]
        table = table.rename(columns={f"c{number}": name})
    table.to_csv(top / "table.csv", index=False)
    try:
        import_table(study, top / "table.csv")
        associate_run(study, "r", AssociateSettings())
    except ClamError as error:
        assert str(error).strip()
        return
    before = digests(top, out)
    for what in ("tables", "figures"):
        export(study, "r", what, out / what)
        assert not [path for path in (out / what).iterdir() if not path.is_file()]
    report(study, "r", out / "report.html", ReportSettings())
    assert digests(top, out) == before


@settings(FEW, max_examples=2)
@given(ids=st.lists(NAMES.map(storable), min_size=3, max_size=3),
       subjects=st.lists(NAMES.map(storable), min_size=3, max_size=3))  # fmt: skip
@example(ids=["../own", "own.txt", "../../own.txt"], subjects=["/etc/passwd", "CON", ".."])
@example(ids=["a", "A", "a."], subjects=["e\u0301", "\u00e9", "\u202egpj"])
@example(ids=["x" * 300, "a/b", "\u0000"], subjects=["", " ", "="])
def test_ids_of_a_scans_table(tmp_path_factory, ids, subjects):
    """From the table on: what `create` takes of it, is prepared, and stays in its folder."""
    top = tmp_path_factory.mktemp("table")
    (top / "a/in").mkdir(parents=True)
    (top / "own.txt").write_text("mine")
    rng = np.random.default_rng(0)
    for n in range(3):
        voxels = rng.normal(-600, 200, (8, 8, 8)).astype(np.int16)
        write_nifti(top / f"a/in/f{n}.nii.gz", voxels, np.diag([-1.0, -1.0, 2.0, 1.0]))
    table = {"scan_id": ids, "subject_id": subjects, "path": [f"f{n}.nii.gz" for n in range(3)]}
    pd.DataFrame(table).to_csv(top / "t.csv", index=False)
    study, before = top / "a/s", digests(top, top / "a/s")
    try:
        create(study, top / "a/in", top / "t.csv", CreateOptions(n_workers=1))
        preprocess(Study(study), PreprocessSettings(grid=(8, 8, 8), mask="none"), 1)
    except ClamError as error:
        assert str(error).strip() and "\n" not in str(error)
    else:
        pictures = [path.name for path in (study / "pictures").iterdir()]
        ready = Study(study).ready()
        assert len({name.casefold() for name in pictures}) == len(pictures) >= len(ready)
    assert digests(top, study) == before
