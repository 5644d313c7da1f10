"""Every step that a cluster can do: the same bytes as one process, also when workers die."""

import json
import shutil

import numpy as np
import pytest

pytest.importorskip("distributed")

from clam_core.errors import ClamError
from clam_core.pipeline.method.assign import assign
from clam_core.pipeline.method.fit import fit
from clam_core.pipeline.method.localize import localize
from clam_core.pipeline.output.destination import Destination
from clam_core.pipeline.scans.create import CreateOptions, create
from clam_core.pipeline.scans.preprocess import preprocess
from clam_core.read.nifti import write_nifti
from clam_core.sandbox.cluster import dask_engine
from clam_core.sandbox.workforce import Workforce
from clam_core.settings import LocalizeSettings, PreprocessSettings
from clam_core.study import Run, Study
from tests.cluster_of_two import two_workers
from tests.pipeline.scans.test_preprocess import blob
from tests.pipeline.simulated import QUICK
from tests.study.test_study import tree

pytestmark = pytest.mark.slow
SETTINGS = PreprocessSettings(grid=(16, 16, 16), mask="none")
N_SCANS = 8


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with two_workers(tmp_path_factory.mktemp("scratch")) as made:
        yield made


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    root = tmp_path_factory.mktemp("scans") / "in"
    root.mkdir()
    for seed in range(N_SCANS):
        write_nifti(root / f"s{seed}.nii.gz", blob(seed), np.diag([-1.5, -1.5, 2.0, 1.0]))
    (root / "broken.nii.gz").write_bytes(b"no scan at all")
    return root


@pytest.fixture(scope="module")
def created(tmp_path_factory, scans):
    folder = tmp_path_factory.mktemp("one") / "study"
    create(folder, scans, None, CreateOptions(n_workers=1))
    return folder


@pytest.fixture(scope="module")
def prepared(tmp_path_factory, created):
    folder = tmp_path_factory.mktemp("prepared") / "study"
    shutil.copytree(created, folder)
    preprocess(Study(folder), SETTINGS, 1)
    return folder


@pytest.fixture(scope="module")
def fitted(tmp_path_factory, prepared):
    folder = tmp_path_factory.mktemp("fitted") / "study"
    shutil.copytree(prepared, folder)
    fit(Study(folder), "r", QUICK)
    return folder


@pytest.fixture(scope="module")
def mapped(tmp_path_factory, fitted):
    folder = tmp_path_factory.mktemp("mapped") / "study"
    shutil.copytree(fitted, folder)
    localize(Study(folder), "r", LocalizeSettings())
    return folder


def copy_of(folder, tmp_path):
    return Study(shutil.copytree(folder, tmp_path / "study"))


def test_create(cluster, scans, created, tmp_path):
    create(tmp_path / "study", scans, None, CreateOptions(scheduler=cluster.address))
    one, many = tree(created), tree(tmp_path / "study")
    stored = [json.loads(files.pop("study.json")) for files in (one, many)]
    for info in stored:  # each study has a key of its own
        del info["key_id"], info["sha256"]
    assert stored[0] == stored[1]
    assert one == many


def test_preprocess(cluster, created, prepared, tmp_path):
    study = copy_of(created, tmp_path)
    said = preprocess(study, SETTINGS, 2, scheduler=cluster.address)
    assert said.values["n_ready"] == N_SCANS
    assert tree(study.folder) == tree(prepared)


def test_localize(cluster, fitted, mapped, tmp_path):
    study = copy_of(fitted, tmp_path)
    localize(study, "r", LocalizeSettings(), workforce=Workforce(2, cluster.address))
    assert tree(study.folder) == tree(mapped)


def test_assign(cluster, scans, mapped, tmp_path):
    run = Run(Study(mapped), "r")
    paths = [scans / f"s{seed}.nii.gz" for seed in range(4)] + [scans / "broken.nii.gz"]
    said = {}
    for name, work in (("one", Workforce()), ("two", Workforce(2)),
                       ("dask", Workforce(2, cluster.address))):  # fmt: skip
        to = Destination(run.study, tmp_path / name)
        said[name] = assign(run, paths, to=to, workforce=work).values
    assert said["one"] == said["two"] == said["dask"]
    assert [one["status"] for one in said["one"]["scans"]] == ["assigned"] * 4 + ["failed"]
    assert len(tree(tmp_path / "one")) == 4
    assert tree(tmp_path / "one") == tree(tmp_path / "two") == tree(tmp_path / "dask")


def test_a_worker_killed_in_the_middle_changes_no_byte(created, prepared, tmp_path):
    study = copy_of(created, tmp_path)
    with two_workers(tmp_path / "scratch") as made:

        def kill_one(_, done, __):
            if done == 3 and made.workers[0].poll() is None:
                made.kill(made.workers[0])

        preprocess(study, SETTINGS, 2, kill_one, scheduler=made.address)
    assert tree(study.folder) == tree(prepared)


def test_a_scheduler_killed_in_the_middle_is_a_sentence_and_the_step_goes_on(
    cluster, fitted, mapped, tmp_path, monkeypatch
):
    study = copy_of(fitted, tmp_path)
    told = []
    with two_workers(tmp_path / "scratch") as made:

        def kill_scheduler(words, done, _):
            if done == 3:
                monkeypatch.setattr(dask_engine, "PATIENCE_SECONDS", 1.0)
                made.kill(made.scheduler)

        with pytest.raises(ClamError, match="it goes on from what is done"):
            work = Workforce(2, made.address)
            localize(study, "r", LocalizeSettings(), kill_scheduler, workforce=work)
    work = Workforce(2, cluster.address)
    localize(study, "r", LocalizeSettings(), lambda *one: told.append(one), workforce=work)
    assert told[0][1] >= 4  # nothing is done twice
    assert tree(study.folder) == tree(mapped)
