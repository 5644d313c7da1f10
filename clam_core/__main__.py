"""Command line: `python -m clam_core STEP STUDY [options]`, one sub-command per step."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from clam_core import __version__
from clam_core.errors import ClamError
from clam_core.settings import PreprocessSettings

if TYPE_CHECKING:
    from clam_core.pipeline.summary import Summary

app = typer.Typer(
    name="clam_core",
    help="Groups medical scans by how they look. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

StudyPath = Annotated[Path, typer.Argument(help="Folder of the study.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of words.")]
Workers = Annotated[int, typer.Option(help="Reader processes.", min=1, max=64)]
N_WORKERS = min(os.cpu_count() or 1, 8)


@app.command()
def create(
    study: StudyPath,
    scans: Annotated[Path, typer.Option(help="Folder, zip archive or file with the scans.")],
    scans_table: Annotated[
        Path | None,
        typer.Option(help="CSV or XLSX: scan_id, subject_id, path, mask; paths relative to SCANS."),
    ] = None,
    spatial_dims: Annotated[
        int | None, typer.Option(help="2 or 3; found out if not given.", min=2, max=3)
    ] = None,
    modality: Annotated[
        str | None, typer.Option(help="CT, MR, ...; found out if not given.")
    ] = None,
    ids: Annotated[
        str, typer.Option(help="Names of files as ids: auto, names (keep all), codes (keep none).")
    ] = "auto",
    workers: Workers = N_WORKERS,
    json: Json = False,
) -> None:
    """Find the scans and make a study of them."""

    def step(progress: Callable[[str, int, int], None]) -> Summary:
        from clam_core.pipeline.create import CreateOptions
        from clam_core.pipeline.create import create as run

        values: dict[str, Any] = {"spatial_dims": spatial_dims, "modality": modality, "ids": ids}
        options = CreateOptions(**values, n_workers=workers)
        return run(study, scans, scans_table, options, progress)

    _run(step, as_json=json)


@app.command()
def preprocess(
    study: StudyPath,
    grid: Annotated[
        str, typer.Option(help="Voxels per axis: one number, or one per axis (88 or 64,64,48).")
    ] = "88",
    spacing: Annotated[
        float | None,
        typer.Option(help="Voxel size in mm; without it the cropped box is scaled to the grid."),
    ] = None,
    mask: Annotated[str, typer.Option(help="auto, lungs, given or none.")] = "auto",
    crop: Annotated[str, typer.Option(help="auto, mask, center or none.")] = "auto",
    margin: Annotated[float, typer.Option(help="Margin around the mask in mm.")] = 5.0,
    intensity_factor: Annotated[
        float, typer.Option(help="Multiply all values of MR or pictures by this; CT keeps 1.")
    ] = 1.0,
    workers: Workers = N_WORKERS,
    json: Json = False,
) -> None:
    """Read every scan and bring it onto the study's grid."""

    def step(progress: Callable[[str, int, int], None]) -> Summary:
        from clam_core.pipeline.preprocess import preprocess as run
        from clam_core.study import Study

        opened = Study(study)
        values: dict[str, Any] = {"mask": mask, "crop": crop, "margin_mm": margin}
        values["intensity_factor"] = intensity_factor
        shape = _grid(grid, opened.info.spatial_dims)
        settings = PreprocessSettings(grid=shape, spacing_mm=spacing, **values)
        return run(opened, settings, workers, progress)

    _run(step, as_json=json)


@app.command()
def clinical(
    study: StudyPath,
    table: Annotated[Path, typer.Argument(help="CSV, TSV, XLSX or Parquet.", show_default=False)],
    id_column: Annotated[
        str | None, typer.Option("--id", help="Column with the ids; found out if not given.")
    ] = None,
    near_misses: Annotated[
        bool, typer.Option("--accept-near-misses", help="Match 1 with 001, sarc_1 with SARC-1, ...")
    ] = False,
    duplicates: Annotated[
        str, typer.Option(help="Rows that contradict each other: refuse, or take the first.")
    ] = "refuse",
    decimal: Annotated[
        str | None, typer.Option(help="Decimal mark, where the table does not tell.")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="COLUMN=KIND, e.g. scadding=ordinal; may be given many times."),
    ] = None,
    unit: Annotated[list[str] | None, typer.Option(help="COLUMN=UNIT, e.g. dlco=%.")] = None,
    json: Json = False,
) -> None:
    """Import a clinical table and join it to the scans."""

    def step(progress: Callable[[str, int, int], None]) -> Summary:
        from clam_core.io.clinical import ClinicalOptions
        from clam_core.pipeline.clinical import import_table
        from clam_core.study import Study

        values: dict[str, Any] = {"duplicates": duplicates, "decimal": decimal}
        values["overrides"] = _overrides({"kind": kind or [], "unit": unit or []})
        options = ClinicalOptions(id_column=id_column, apply_near_misses=near_misses, **values)
        return import_table(Study(study), table, options, progress)

    _run(step, as_json=json)


@app.command()
def demo(
    study: StudyPath,
    scans: Annotated[int, typer.Option(help="Number of synthetic scans.", min=4, max=2000)] = 48,
    seed: Annotated[int, typer.Option(help="Same seed, same scans.", min=0)] = 0,
    grid: Annotated[int, typer.Option(help="Voxels along each axis.", min=16, max=256)] = 48,
    workers: Workers = N_WORKERS,
    json: Json = False,
) -> None:
    """Make a synthetic cohort with a clinical table and run every step on it."""

    def step(progress: Callable[[str, int, int], None]) -> Summary:
        from clam_core.phantom import CohortSettings
        from clam_core.pipeline.demo import make_demo

        cohort = CohortSettings(n_scans=scans, grid=(grid, grid, grid), seed=seed)
        return make_demo(study, cohort, workers, progress)

    _run(step, as_json=json)


@app.command()
def files(
    study: StudyPath,
    everything: Annotated[
        bool, typer.Option("--all", help="Name the files of scans in use, too.")
    ] = False,
    json: Json = False,
) -> None:
    """Tell where failed scans and skipped files lie; stores nothing."""

    def step(_: Callable[[str, int, int], None]) -> Summary:
        from clam_core.pipeline.files import list_files
        from clam_core.study import Study

        return list_files(Study(study), everything=everything)

    _run(step, as_json=json)


@app.command()
def benchmark(
    what: Annotated[str, typer.Argument(help="speed")],
    data: Annotated[Path, typer.Option(help="Folder of real scans to measure on.")],
    to: Annotated[Path | None, typer.Option(help="Folder for the tables (CSV, Markdown).")] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Fewer scans and runs.")] = False,
    json: Json = False,
) -> None:
    """Measure this software beside others on this machine."""

    def step(progress: Callable[[str, int, int], None]) -> Summary:
        from clam_core.benchmark import run

        return run(what, data, to, progress, quick=quick)

    _run(step, as_json=json)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


def _overrides(given: dict[str, list[str]]) -> dict[str, dict[str, str]]:
    """`{"kind": ["fvc=continuous"]}` -> `{"fvc": {"kind": "continuous"}}`."""
    overrides: dict[str, dict[str, str]] = {}
    for what, pairs in given.items():
        for pair in pairs:
            column, equals, value = pair.rpartition("=")
            if not equals or not column:
                raise ClamError(f"--{what} {pair!r} is not COLUMN={what.upper()}.")
            overrides.setdefault(column, {})[what] = value
    return overrides


def _grid(text: str, n_axes: int) -> tuple[int, ...]:
    """`88` -> one number per axis; `64,64,48` -> itself."""
    parts = text.replace("x", ",").split(",")
    if not all(part.strip().isdigit() for part in parts):
        raise ClamError(f"The grid {text!r} is not a number, nor numbers with commas (64,64,48).")
    numbers = tuple(int(part) for part in parts)
    return numbers * n_axes if len(numbers) == 1 else numbers


def _run(step: Callable[[Callable[[str, int, int], None]], Summary], *, as_json: bool) -> None:
    """Run a step; print its summary; a mistake of the user is one sentence and exit code 2."""
    meter = _Meter(quiet=as_json)
    try:
        summary = step(meter)
    except ClamError as error:
        meter.close()
        _fail(str(error), 2, as_json=as_json)
    except KeyboardInterrupt:
        meter.close()
        _fail("Stopped. Start the same command again: it goes on from here.", 130, as_json=as_json)
    except Exception as error:
        meter.close()
        if os.environ.get("CLAM_DEBUG"):
            raise
        text = (
            f"This is a fault of the software ({type(error).__name__}), not of your data; nothing "
            "stored was lost. Set CLAM_DEBUG=1 to see where it happened, and report it."
        )
        _fail(text, 1, as_json=as_json)
    meter.close()
    if as_json:
        typer.echo(_dump({**summary.values, "sentences": list(summary.sentences)}))
    else:
        for sentence in summary.sentences:
            typer.echo(sentence)


def _fail(sentence: str, code: int, *, as_json: bool) -> None:
    if as_json:
        typer.echo(_dump({"error": sentence}))
    else:
        typer.echo(f"Error: {sentence}", err=True)
    raise typer.Exit(code)


def _dump(values: dict[str, Any]) -> str:
    import json

    return json.dumps(values, ensure_ascii=False)


class _Meter:
    """Progress: a bar on a terminal, otherwise one line per stage."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._stage = ""
        self._bar: Any = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if self._quiet:
            return
        if stage != self._stage:
            self._begin(stage, total)
        if self._bar is not None:
            self._bar.n = done
            self._bar.refresh()

    def _begin(self, stage: str, total: int) -> None:
        self.close()
        self._stage = stage
        if sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total, desc=stage)
        else:
            typer.echo(f"{stage} ({total:,})", err=True)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
