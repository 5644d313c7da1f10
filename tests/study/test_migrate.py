"""Studies and runs of other layouts: brought up, refused, or one sentence on what is damaged."""

import json
import shutil

import pytest

from clam_core.errors import ClamError, StudyError
from clam_core.pipeline.method.explain import FittedCohort
from clam_core.report import ReportSettings
from clam_core.report.material import Material
from clam_core.settings import AssociateSettings, SelectSettings
from clam_core.study import Run, Study, read_names, runs, write_names
from clam_core.study.associations import read_associations
from clam_core.study.json_files import migrate, study_info
from clam_core.study.json_files.migrate import Layouts
from clam_core.tables.column_info import ColumnInfo
from tests.study import old_study

FILES = {
    "study.json": "study.json",
    "run.json": "runs/default/run.json",
    "selection.json": "runs/default/selection.json",
    "about.json": "runs/default/associations/about.json",
    "clinical.json": "clinical.json",
    "names.json": "runs/default/names.json",
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    return old_study.unpack(tmp_path_factory.mktemp("old")).folder


@pytest.fixture
def folder(kept, tmp_path):
    return shutil.copytree(kept, tmp_path / "before")


def read_everything(folder):
    study = Study(folder)
    run = Run(study, "default")
    material = Material(run, ReportSettings())
    columns = [ColumnInfo.from_json(one) for one in study.clinical()[1]["columns"]]
    return (
        study.info, run.info(), material.fit_settings, run.selection(), columns, read_names(run),
        dict(read_associations(run).about),
    )  # fmt: skip


TWO = Layouts("study", {
    1: lambda old: {**old, "unit": old["unit"].upper(), "version": "second", "key_id": "k"},
    2: lambda values: values,
})  # fmt: skip


def test_a_layout_has_its_readers_one_after_the_other():
    three = Layouts("study", {
        1: lambda values: {**values, "said": values["said"] + "1"},
        2: lambda values: {**values, "said": values["said"] + "2"},
        3: lambda values: values,
    })  # fmt: skip
    assert three.present == 3
    assert three.read({"schema_version": 1, "said": "0"}, "s")["said"] == "012"
    assert three.read({"schema_version": 2, "said": "0"}, "s")["said"] == "02"
    assert three.read({"schema_version": 1, "said": ""}, "s")["schema_version"] == 3


def test_an_older_layout_is_brought_up_in_memory_and_written_by_the_next_step(folder, monkeypatch):
    two = Layouts("run", {1: lambda v: {**v, "device": "cpu of layout 1"}, 2: lambda v: v})
    monkeypatch.setattr(runs, "LAYOUTS", two)
    monkeypatch.setattr(study_info, "STUDIES", TWO)
    runs._read_info.cache_clear()
    before = {path: path.read_bytes() for path in folder.rglob("*.json")}
    study = Study(folder)
    assert (study.info.schema_version, study.info.version) == (2, "second")
    info = Run(study, "default").info()
    assert (info.schema_version, info.device) == (2, "cpu of layout 1")
    assert {path: path.read_bytes() for path in folder.rglob("*.json")} == before
    runs._read_info.cache_clear()


@pytest.mark.parametrize("file", ["study.json", "run.json"])
@pytest.mark.parametrize("version", [3, 99])
def test_a_newer_layout_is_refused(folder, file, version):
    old_study.edit(folder / FILES[file], lambda values: values.update(schema_version=version))
    with pytest.raises(StudyError, match=f"has layout version {version}, this software reads vers"):
        read_everything(folder)


@pytest.mark.parametrize("file", ["study.json", "run.json"])
@pytest.mark.parametrize("version", [None, "1", 0, True, 1.0])
def test_a_layout_that_never_was_is_damage(folder, file, version):
    old_study.edit(folder / FILES[file], lambda values: values.update(schema_version=version))
    with pytest.raises(StudyError, match="does not say which layout it has"):
        read_everything(folder)


def test_a_pending_replacement_by_a_newer_version_is_left_alone(folder):
    staged = folder / "preprocess.partial"
    staged.mkdir()
    (staged / "commit.json").write_text('{"names": ["study.json"]}')
    values = json.loads((folder / "study.json").read_text())
    (staged / "study.json").write_text(json.dumps({**values, "schema_version": 3}))
    with pytest.raises(StudyError, match="layout version 3"):
        Study(folder)
    assert (staged / "commit.json").is_file()
    (staged / "study.json").write_text(json.dumps({**values, "modality": "MR"}))
    (folder / "study.json").write_text("{")
    assert Study(folder).info.modality == "MR"


def test_unknown_names_everywhere_do_no_harm(folder):
    expected = read_everything(folder)

    def add(values):
        values["of_a_later_version"] = {"a": [1]}
        for value in values.values():
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, dict) and "a" not in one:
                    one["of_a_later_version"] = "x"
                    for inner in one.values():
                        if isinstance(inner, dict):
                            inner["of_a_later_version"] = "x"

    for name, path in FILES.items():
        if name != "names.json":
            old_study.edit(folder / path, add)
    old_study.edit(folder / FILES["names.json"], lambda values: values.update(later="x"))
    found = read_everything(folder)
    assert found[0] == expected[0]
    assert found[2] == expected[2]
    assert found[3]["settings"] == expected[3]["settings"]
    assert found[4:6] == expected[4:6]
    assert found[6]["settings"] == expected[6]["settings"]
    study = Study(folder)
    cohort = FittedCohort(study, Run(study, "default"))  # the network and the maps' settings, too
    assert cohort.model.n_clusters == 2


def test_what_has_a_default_is_filled_in(folder):
    expected = read_everything(folder)
    lacks = {
        "study.json": lambda v: (v.pop("version"), v["prepared"]["settings"].pop("margin_mm")),
        "run.json": lambda v: (v.pop("notes"), v["settings"].pop("plane"), v.pop("version")),
        "selection.json": lambda v: (v.pop("notes"), v["settings"].pop("n_seeds")),
        "about.json": lambda v: (v["settings"].pop("power"), v.pop("banner"), v.pop("libraries")),
        "clinical.json": lambda v: (v.pop("notices"), v["columns"][0].pop("unit")),
    }
    for file, change in lacks.items():
        old_study.edit(folder / FILES[file], change)
    study, run, fitted, selected, columns, _, about = read_everything(folder)
    assert study == expected[0].model_copy(update={"version": "unknown"})
    assert run.version == "unknown"
    assert fitted == expected[2]
    assert selected["notes"] == []
    assert selected["settings"]["n_seeds"] == SelectSettings().n_seeds
    assert about["settings"] == expected[6]["settings"]
    assert about["settings"]["power"] == AssociateSettings().power
    assert (about["banner"], about["libraries"]) == ("", {})
    assert columns[0].unit == ""


DAMAGE = [
    ("study.json", lambda v: v.pop("key")),
    ("study.json", lambda v: v.update(spatial_dims="three")),
    ("study.json", lambda v: v["prepared"].update(settings=5)),
    ("run.json", lambda v: v.pop("inputs")),
    ("run.json", lambda v: v.update(n_clusters="two")),
    ("run.json", lambda v: v.update(settings=[])),
    ("run.json", lambda v: v["settings"].update(n_clusters="two")),
    ("selection.json", lambda v: v.pop("rows")),
    ("selection.json", lambda v: v.update(reason=None)),
    ("selection.json", lambda v: v["settings"].update(k_min="two")),
    ("about.json", lambda v: v.pop("settings")),
    ("about.json", lambda v: v.update(headline=3)),
    ("about.json", lambda v: v.update(notes="none")),
    ("about.json", lambda v: v["settings"].update(power="much")),
    ("clinical.json", lambda v: v.pop("columns")),
    ("clinical.json", lambda v: v["columns"][0].pop("kind")),
    ("clinical.json", lambda v: v["columns"][0].update(levels=3)),
    ("clinical.json", lambda v: v["columns"].append("age")),
]


@pytest.mark.parametrize(("file", "change"), DAMAGE, ids=[str(n) for n in range(len(DAMAGE))])
def test_real_damage_is_one_sentence(folder, file, change):
    old_study.edit(folder / FILES[file], change)
    with pytest.raises(ClamError, match="damaged") as refused:
        read_everything(folder)
    said = str(refused.value)
    assert said.endswith((".", ")"))
    assert "\n" not in said
    assert json.loads((folder / "study.json").read_text()).get("key", "no key") not in said


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_was_cut_off_is_one_sentence(folder, file):
    path = folder / FILES[file]
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(StudyError, match=f"'{file}' is missing or damaged"):
        read_everything(folder)


def test_one_lock_for_studies_and_runs(folder):
    run = Run(Study(folder), "default")
    with run.lock(), pytest.raises(StudyError, match="is working on the run 'default'; wait"):
        write_names(run, {1: "other"})
    assert (migrate.STUDIES.present, migrate.RUNS.present) == (2, 2)
