"""Commands, links, paths, columns and numbers that the pages of words name are real."""

import importlib.util
import re
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pyarrow.parquet as pq
import pytest
import typer

from clam_core.__main__ import app
from clam_core.localization.faithfulness import Faithfulness
from clam_core.pipeline.scans.preprocess import GEOMETRY, QUALITY
from clam_core.settings import FitMethod, LocalizeVariant
from clam_core.study import Prepared, RunInfo, StudyInfo
from clam_core.tables.column_info import KINDS, ColumnInfo
from tests.documents import NAMES, ROOT, anchors, fenced, links, paths, quoted, steps, text_of
from tests.report import make

COMMANDS = typer.main.get_command(app).commands
CALLS = [
    (page, name, arguments) for page in NAMES for name, arguments in steps(fenced(text_of(page)))
]
MENTIONS = [
    (page, name, arguments) for page in NAMES for name, arguments in steps(quoted(text_of(page)))
]
RECORDS = sorted(name for name in NAMES if re.search(r"decisions/\d", name))
CHANGES = [
    "a file format",
    "a map variant",
    "a test for a kind of variable",
    "a page",
    "a step",
    "a clusterer",
    "a column kind",
    "a figure",
    "a report section",
    "a reference equation",
    "the study's layout",
]
CLUSTERS, MAPS, SPEED = "Are the clusters right?", "Are the maps true?", "How fast?"
APP, STATISTICS = "The app", "Are the statistics right?"
FIGURES = [  # of the README, in its order: heading, row, column, decimals
    (CLUSTERS, "default", 2, 3),
    (CLUSTERS, "latent codes + k-means", 2, 3),
    (CLUSTERS, "DCEC", 2, 3),
    (CLUSTERS, "IDEC (ClustPy)", 2, 3),
    (CLUSTERS, "mean of the 16", 1, 2),
    (CLUSTERS, "mean of the 16", 2, 2),
    (CLUSTERS, "mean of the 16", 5, 2),
    (CLUSTERS, "LIDC nodules, masked | default", 2, 3),
    (CLUSTERS, "LIDC nodules, masked | log diameter + k-means", 2, 3),
    (MAPS, "focal view | integrated", 2, 2),
    (MAPS, "focal view | paper", 2, 2),
    (SPEED, "Chest CT, zip of 99 slices of 512 x 512, to 88 cubed with lung mask", 1, 2),
    (SPEED, "Integrated map of one scan of 88 cubed, 64 channels, layer 2, 16 steps", 1, 2),
    (SPEED, "ScoreCAM of torch-cam, same network and layer", 1, 2),
    (APP, "Page switch on a warm server", 1, 2),
    (APP, "Click on a map of 5,000 to painted slices of 88 cubed with the overlay", 1, 2),
    (STATISTICS, "False discovery rate under the null", 1, 3),
    (STATISTICS, "Planted: DLCO", 1, 0),
]
PAGES_OF_STEPS = ["README.md", "docs/researchers.md", "docs/method.md", "docs/clinicians.md"]
LARGEST_PICTURE = 300_000


@pytest.mark.parametrize(("page", "name", "arguments"), CALLS)
def test_every_command_takes_its_arguments(page, name, arguments):
    context = COMMANDS[name].make_context(name, list(arguments))  # raises on an unknown option
    assert context.params or name == "version"


def test_commands_in_sentences_exist():
    assert len(CALLS) > 20
    for page, name, arguments in MENTIONS:
        assert name in COMMANDS, page
        if arguments:
            COMMANDS[name].make_context(name, list(arguments))


def test_options_in_sentences_exist():
    known = {name for command in COMMANDS.values() for one in command.params for name in one.opts}
    words = [word for page in PAGES_OF_STEPS for word in quoted(text_of(page))]
    options = {word.split()[0] for word in words if word.startswith("--")}
    assert len(options) > 10
    assert not options - known


@pytest.mark.parametrize("page", NAMES)
def test_make_has_every_target(page):
    made = re.findall(r"^(\w[\w-]*):", text_of("Makefile"), flags=re.MULTILINE)
    words = [*fenced(text_of(page)), *quoted(text_of(page))]
    asked = {line.split()[1] for line in words if re.match(r"make [\w-]+$", line.split("  ")[0])}
    assert asked <= set(made)


@pytest.mark.parametrize("page", NAMES)
def test_links_lead_somewhere(page):
    folder = (ROOT / page).parent
    for target in links(text_of(page)):
        path, _, anchor = target.partition("#")
        file = (folder / path) if path else ROOT / page
        assert file.is_file(), f"{target} of {page}"
        if anchor:
            assert anchor in anchors(file.read_text(encoding="utf-8")), f"{target} of {page}"


@pytest.mark.parametrize("page", NAMES)
def test_paths_exist(page):
    for path in paths(text_of(page)):
        assert (ROOT / path).exists(), f"{path} of {page}"


def test_documented_modules_exist():
    named = [name for page in NAMES for name in re.findall(r"automodule:: (\S+)", text_of(page))]
    assert len(named) > 15
    for name in named:
        assert importlib.util.find_spec(name), name


def test_examples_import_what_is_there():
    blocks = re.findall(r"^```python\n(.*?)^```", text_of("docs/api/index.md"), re.M | re.S)
    lines = [line for block in blocks for line in block.splitlines() if "import" in line]
    assert lines
    for line in lines:
        exec(line, {})  # noqa: S102  (our own page)


def test_no_two_decisions_have_a_number():
    numbers = [Path(page).name[:4] for page in RECORDS]
    assert len(set(numbers)) == len(numbers) > 60


@pytest.mark.parametrize("page", RECORDS)
def test_decisions_are_numbered_and_say_everything(page):
    """Numbers are handed out before they are written, so that some may come later."""
    text = text_of(page)
    title = re.match(r"# (.+)\n", text)[1]
    assert re.match(r"docs/decisions/\d{4}-", page)
    assert title.startswith(f"{Path(page).name[:4]} ")
    parts = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    heads = [part.partition("\n")[0] for part in parts]
    assert heads == ["Context", "Decision", "Cost", "Turned down"]
    assert all(part.partition("\n")[2].strip() for part in parts)
    line = f"- [{title}]({page.removeprefix('docs/decisions/')})"
    assert text_of("docs/decisions/index.md").count(line) == 1


def test_every_named_change_has_a_room_files_and_tests():
    text = text_of("CONTRIBUTING.md")
    parts = re.split(r"^### ", text, flags=re.MULTILINE)[1:]
    assert [part.partition("\n")[0].split(" ", 1)[1] for part in parts] == CHANGES
    for part in parts:
        room = re.search(r"^- Room: `([\w/]+/)`", part, flags=re.MULTILINE)
        assert room, part
        assert (ROOT / room[1]).is_dir()
        for what in ("Files", "Tests"):
            named = part.partition(f"- {what}: ")[2].partition("\n- ")[0]
            assert paths(named), part


def test_every_column_and_key_of_a_study_is_described(tmp_path):
    made = make.complete(tmp_path / "one")
    text = text_of("docs/study.md")
    described = set(quoted(" ".join(re.findall(r"^\| (`.+?) \| ", text, flags=re.MULTILINE))))
    tables = ("sources", "skipped", "runs/default/maps", "runs/default/associations")
    columns = {
        name
        for table in tables
        for name in pq.read_schema(made.folder / f"{table}.parquet").names
        if not re.match(r"(zones|bands): |\w+_cluster_[2-9]$", name)
    }
    models = (StudyInfo, RunInfo, Prepared)
    keys = {name for model in models for name in model.model_fields}
    keys |= {field.name for kind in (ColumnInfo, Faithfulness) for field in fields(kind)}
    assert not (columns | keys | {*QUALITY, *GEOMETRY}) - described
    assert set(KINDS) <= set(quoted(text))


def test_every_file_of_a_study_is_described(tmp_path):
    folder = make.complete(tmp_path / "one").folder
    text = text_of("docs/study.md")
    files = [file for file in folder.rglob("*") if file.is_file() and ".zarr" not in str(file)]
    assert len(files) > 20
    for file in files:
        known = file.parent.name == "pictures" or file.name == ".lock"
        assert known or f"`{file.stem}" in text or file.name in text, file
    for array in folder.rglob("*.zarr/*"):
        assert array.name == "zarr.json" or array.name in text, array


def test_method_names_every_variant_and_clusterer():
    text = text_of("docs/method.md").lower()
    for name in get_args(LocalizeVariant):
        assert name in text
    spelled = {"kmeans": "k-means", "gmm": "gaussian mixture"}
    for name in set(get_args(FitMethod)) - {"auto"}:
        assert spelled.get(name, name) in text


def cell(section, row, column):
    """The first number of a cell of the benchmarks, by heading, words of its row, and column."""
    text = text_of("docs/benchmarks.md").partition(f"## {section}\n")[2].partition("\n## ")[0]
    line = next(line for line in text.splitlines() if line.startswith(f"| {row} |"))
    return float(re.match(r"[\d.]+", line.split(" | ")[column].strip())[0])


def test_key_figures_are_those_of_the_benchmarks():
    rows = re.findall(r"^\| .+ \| (.+) \| \[.+\]\(docs/benchmarks", text_of("README.md"), re.M)
    shown = [float(number) for row in rows for number in re.findall(r"[\d.]+", row)]
    assert len(rows) == 10
    assert shown == [round(cell(*place), digits) for *place, digits in FIGURES]


def test_changelog_begins_with_what_is_not_released():
    heads = re.findall(r"^## (.+)$", text_of("CHANGELOG.md"), flags=re.MULTILINE)
    assert heads[0].endswith("(unreleased)")
    assert not any(head.endswith("(unreleased)") for head in heads[1:])


def test_pictures_are_small():
    pictures = [*(ROOT / "docs").rglob("*.png"), *(ROOT / "assets").rglob("*.png")]
    assert pictures
    for picture in pictures:
        assert picture.stat().st_size < LARGEST_PICTURE, picture.name
