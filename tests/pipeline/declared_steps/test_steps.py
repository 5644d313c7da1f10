"""Steps: one declaration makes a sub-command, a job, words and a row of the table."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
from typer.testing import CliRunner

from clam_core import settings
from clam_core.__main__ import make_app
from clam_core.errors import ClamError
from clam_core.jobs import child
from clam_core.jobs.record import Record
from clam_core.phantom import CohortSettings
from clam_core.pipeline.declared_steps import (
    STEPS,
    Option,
    step,
    steps_table,
    words_of,
)
from clam_core.pipeline.declared_steps.markdown import BEGIN, END
from clam_core.pipeline.declared_steps.record import options_from_record
from clam_core.pipeline.everything import FitChoice
from clam_core.pipeline.scans.create import CreateOptions
from clam_core.pipeline.summary import Summary
from clam_core.report import ReportSettings
from clam_core.spirometry import LungFunctionSettings
from clam_core.tables.import_table import ClinicalOptions

ROOT = Path(__file__).parents[3]


@step("Weighing the scans", needs="a study", writes="a number", stages={"Weighing": 1.0})
def weigh(
    study: Path,
    *,
    scale: Annotated[int, Option("Kilograms to a share.", lowest=1, highest=9)] = 3,
    table: Annotated[Path | None, Option("A table.", flag="--from")] = None,
    progress,
):
    """Tell how heavy the scans are."""
    progress("Weighing", 1, 1)
    return Summary((f"{study.name} weighs {scale} kg, by {table}.",), {"kg": scale})


@dataclass(frozen=True)
class Shelf:
    """Options that belong together."""

    board: Annotated[int, Option("Which board.", lowest=1)]
    colour: Annotated[str, Option("Its colour.", flag="--paint")] = "red"


@step("Stacking", needs="a study", writes="a shelf", stages={"Stacking": 1.0})
def stack(
    study: Path,
    *,
    first: Annotated[int, Option("The first.")] = 1,
    shelf: Shelf,
    last: Annotated[int, Option("The last.")] = 9,
    progress,
):
    """Fill a shelf."""
    return Summary((f"{study.name}: {first} to {last} on board {shelf.board}, {shelf.colour}.",))


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setitem(STEPS, "weigh", weigh)
    monkeypatch.setitem(STEPS, "stack", stack)


def test_one_declaration_is_a_sub_command(toy, tmp_path):
    app, runner = make_app(), CliRunner()
    assert re.search(
        r"^  weigh +Tell how heavy the scans are\.",
        runner.invoke(app, ["--help"]).stdout,
        re.MULTILINE,
    )
    said = runner.invoke(app, ["weigh", "--help"]).stdout
    assert "--scale <int range>  Kilograms to a share.  [default: 3; 1<=x<=9]" in said
    assert "--from <path>" in said
    done = runner.invoke(app, ["weigh", str(tmp_path / "one"), "--scale", "7", "--from", "t.csv"])
    assert (done.exit_code, done.stdout) == (0, "one weighs 7 kg, by t.csv.\n")
    as_json = runner.invoke(app, ["weigh", str(tmp_path / "one"), "--json"])
    assert '"kg": 3' in as_json.stdout
    assert runner.invoke(app, ["weigh", str(tmp_path), "--scale", "10"]).exit_code == 2


def test_one_declaration_is_a_job(toy, tmp_path):
    def ended(arguments):
        record = Record(tmp_path, "one")
        record.folder.mkdir(parents=True, exist_ok=True)
        record.write("request.json", {"step": "weigh", "arguments": arguments})
        child.run(tmp_path, "one")
        return record.read_state()

    done = ended({"scale": 5, "table": "t.csv"})
    assert (done.status, done.sentences) == ("done", ("one weighs 5 kg, by t.csv.",))
    assert (done.stage, done.fraction) == ("Weighing", 1.0)
    for wrong, sentence in (
        ({"scale": 10}, "Setting 'scale' cannot be used: "),
        ({"scale": "many"}, "Setting 'scale' cannot be used: "),
        ({"scael": 3}, "The step 'weigh' has no option 'scael'; it has scale, table."),
        ([3], "The options of 'weigh' are no names with values: [3]."),
    ):
        failed = ended(wrong)
        assert failed.status == "failed"
        assert failed.error.startswith(sentence)
        assert "\n" not in failed.error


def test_options_of_a_group_are_as_if_they_stood_in_the_function(toy, tmp_path):
    assert [one.name for one in stack.parameters] == ["first", "board", "colour", "last"]
    app, runner = make_app(), CliRunner()
    said = runner.invoke(app, ["stack", "--help"]).stdout
    assert re.search(r"--first.*--board.*--paint.*--last", said, re.DOTALL)
    assert "shelf" not in said.replace("Fill a shelf.", "")
    study = str(tmp_path / "one")
    done = runner.invoke(app, ["stack", study, "--board", "2", "--paint", "blue", "--last", "5"])
    assert done.stdout == "one: 1 to 5 on board 2, blue.\n"
    assert runner.invoke(app, ["stack", study]).exit_code == 2  # the board has no default
    assert runner.invoke(app, ["stack", study, "--board", "0"]).exit_code == 2
    options = options_from_record(stack, {"board": 3, "first": 4})
    assert stack(Path("two"), None, options).sentences == ("two: 4 to 9 on board 3, red.",)
    with pytest.raises(ClamError, match="needs the option 'board'"):
        options_from_record(stack, {})


def test_one_declaration_is_words_and_a_row_of_the_table(toy):
    assert words_of("weigh") == "Weighing the scans"
    assert words_of("fly") == "fly"
    row = "| `weigh` | Tell how heavy the scans are. | a study | a number |"
    assert row in steps_table(STEPS.values()).splitlines()


def test_the_table_stands_in_the_documents():
    texts = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    found = [text for text in (path.read_text(encoding="utf-8") for path in texts) if BEGIN in text]
    assert found
    for text in found:
        between = text.split(BEGIN)[1].split(END)[0].strip()
        assert between == steps_table(STEPS.values())
    assert "| `create --scans SCANS` |" in steps_table(STEPS.values())
    assert "groups" not in re.findall(r"^\| `(\S+)", found[0], flags=re.MULTILINE)


def test_what_the_app_says_of_its_steps():
    assert {name: words_of(name) for name in ("demo", "create", "groups", "associate")} == {
        "demo": "Making the demo study",
        "create": "Opening the scans",
        "groups": "Finding clusters and making maps",
        "associate": "Comparing the clinical table",
    }


SAME = {
    ("preprocess", "run"): (settings.PreprocessSettings, {}),
    ("fit", "groups"): (settings.FitSettings, {"k": "n_clusters"}),
    ("localize",): (settings.LocalizeSettings, {}),
    ("select",): (settings.SelectSettings, {}),
    ("associate",): (settings.AssociateSettings, {}),
    ("create",): (CreateOptions, {}),
    ("clinical",): (ClinicalOptions, {"near_misses": "apply_near_misses"}),
    ("report",): (ReportSettings, {"examples": "n_examples"}),
    ("demo",): (CohortSettings, {"scans": "n_scans"}),
    ("lung-function",): (LungFunctionSettings, {"equations": "spirometry"}),
}
OTHERWISE = {("preprocess", "grid"), ("run", "grid"), ("demo", "grid"), ("report", "sections")}
OTHERWISE |= {("fit", "plane"), ("create", "scheduler")}
"""Options that are written otherwise: one number for all axes; nothing for all or the usual."""


@pytest.mark.parametrize("names", SAME)
def test_defaults_and_bounds_are_those_of_the_settings(names):
    model, called = SAME[names]
    n_compared = 0
    for name in names:
        for one in STEPS[name].parameters:
            known = model.model_fields.get(called.get(one.name, one.name))
            if known is None or (name, one.name) in OTHERWISE:
                continue
            n_compared += 1
            assert one.default == known.default, (name, one.name)
            bounds = {type(part).__name__: part for part in known.metadata}
            if "Ge" in bounds and one.option.lowest is not None:
                assert one.option.lowest >= bounds["Ge"].ge
            if "Le" in bounds and one.option.highest is not None:
                assert one.option.highest <= bounds["Le"].le
    assert n_compared


def test_the_same_choice_has_the_same_defaults_everywhere():
    choice = FitChoice()
    for one in STEPS["groups"].parameters:
        assert one.default == getattr(
            choice, {"run": "name", "k": "n_clusters"}.get(one.name, one.name)
        )
    for name in ("run", "k", "preset", "method", "views", "epochs", "seed"):
        options = {
            one.option
            for step in STEPS.values()
            if step.name in {"fit", "groups", "run"}
            for one in step.parameters
            if one.flag == f"--{name}"
        }
        assert len(options) == 1, name


def test_stages_are_those_that_steps_report():
    core = ROOT / "clam_core"
    sources = [path.relative_to(core) for path in core.rglob("*.py")]
    sources = [path for path in sources if "steps" not in path.parts]
    text = "\n".join((core / path).read_text(encoding="utf-8") for path in sources)
    stages = {stage for step in STEPS.values() for stage in step.stages}
    assert len(stages) > 10
    assert [stage for stage in sorted(stages) if f'"{stage}"' not in text] == []


def test_a_parameter_without_words_is_refused():
    @step("Toying", needs="", writes="", stages={})
    def toy_step(study: Path, *, number: int = 1, progress):
        """Do nothing."""

    with pytest.raises(TypeError, match="'number' of a step needs Annotated"):
        _ = toy_step.parameters


def test_declarations_load_nothing_slow():
    code = (
        "import sys\nfrom clam_core.pipeline.declared_steps import STEPS\n"
        "assert sum(len(step.parameters) for step in STEPS.values())\n"
        "slow = {'numpy', 'pandas', 'pydantic', 'typer', 'torch', 'zarr'} & set(sys.modules)\n"
        "assert not slow, slow"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_an_unknown_step_is_a_sentence():
    from clam_core.pipeline.declared_steps import step_named

    with pytest.raises(ClamError, match="There is no step 'fly'"):
        step_named("fly")


FLAGS = {
    "create": "--scans --scans-table --spatial-dims --modality --ids --layout --workers "
    "--engine --scheduler",
    "preprocess": "--grid --spacing --mask --mask-label --crop --margin --intensity-factor "
    "--scans --forget-missing --keep-own --workers --engine --scheduler",
    "clinical": "--id --sheet --accept-near-misses --duplicates --decimal --kind --unit --missing "
    "--date-order --forget-declared",
    "associate": "--run --adjust --adjust-by --impute --label-draws --correction --repeated "
    "--used-in-clustering --other-images --within --time --event --event-level --until --competing "
    "--count --at-risk --equivalence --equivalence-sd --table-numbers --seed",
    "replicate": "--run --in --split --seed",
    "run": "--scans --scans-table --clinical --id --sheet --accept-near-misses --duplicates "
    "--decimal --kind --unit --missing --date-order --forget-declared --run --k --preset --grid "
    "--spacing --mask --mask-label --layout --harmonise --harmonise-keep --harmonise-despite "
    "--seed --forget-missing --workers --engine --scheduler",
}


@pytest.mark.parametrize("name", FLAGS)
def test_options_are_called_as_they_always_were(name):
    said = CliRunner().invoke(make_app(), [name, "--help"]).stdout
    found = re.findall(r"^  (--[\w-]+)", said, flags=re.MULTILINE)
    assert found == [*FLAGS[name].split(), "--json", "--help"]
