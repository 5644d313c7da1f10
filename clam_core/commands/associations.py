"""Clusters against the clinical table, lung function, visits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from clam_core.commands.options import Json, StudyPath
from clam_core.commands.terminal import Outcome, Progress, run_step
from clam_core.errors import SettingsError

RunName = Annotated[str, typer.Option("--run", help="Name of the run.")]


def associate(
    study: StudyPath,
    run: RunName = "default",
    adjust: Annotated[
        str, typer.Option(help="Columns to adjust by, with commas: age,sex,height_cm.")
    ] = "",
    correction: Annotated[str, typer.Option(help="bh (false discovery rate), holm, or by.")] = "bh",
    repeated: Annotated[
        str,
        typer.Option(help="Subjects with several scans: one_row, or cluster_robust (keeps all)."),
    ] = "one_row",
    used_in_clustering: Annotated[
        str, typer.Option(help="Columns made from the same images: described without a p-value.")
    ] = "",
    within: Annotated[
        str | None,
        typer.Option(help="Compare within this column as well; the site, if not given."),
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Column with the time to an event or last contact.")
    ] = None,
    event: Annotated[
        str | None, typer.Option(help="Column that says whether the event was seen.")
    ] = None,
    event_level: Annotated[
        str | None, typer.Option(help="What it says where it was; yes, 1, dead are known.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same shuffles.", min=0)] = 0,
    json: Json = False,
) -> None:
    """Test every clinical column against the clusters, and say how far to trust it."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.clinical.associate import associate_run
        from clam_core.settings import AssociateSettings
        from clam_core.study import Study

        values: dict[str, Any] = {"correction": correction, "repeated": repeated, "seed": seed}
        values["within"] = within
        values["adjust"] = split_names(adjust)
        values["used_in_clustering"] = split_names(used_in_clustering)
        values |= {"survival_time": time, "survival_event": event, "event_level": event_level}
        return associate_run(Study(study), run, AssociateSettings(**values), progress)

    run_step(step, as_json=json)


def lung_function(
    study: StudyPath,
    equations: Annotated[
        str, typer.Option(help="Of FEV1 and FVC: GLI-2022, or GLI-2012 (by ethnic group).")
    ] = "GLI-2022",
    unit: Annotated[
        list[str] | None, typer.Option(help="Confirm a unit: FVC=mL; may be given many times.")
    ] = None,
    sex: Annotated[
        list[str] | None, typer.Option(help="What a code means: 0=female; many times.")
    ] = None,
    ethnic_group: Annotated[
        str | None, typer.Option(help="Group of GLI-2012 for all, where there is no column.")
    ] = None,
    json: Json = False,
) -> None:
    """Add predicted values, z-scores, lower limits, pattern and GAP to the clinical table."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.clinical.lung_function import add_reference_values
        from clam_core.spirometry import LungFunctionSettings
        from clam_core.study import Study

        values: dict[str, Any] = {"spirometry": equations, "ethnic_group_for_all": ethnic_group}
        values |= {"units": _pairs("unit", unit), "sex_codes": _pairs("sex", sex)}
        return add_reference_values(Study(study), LungFunctionSettings(**values), progress)

    run_step(step, as_json=json)


def visits(
    study: StudyPath,
    table: Annotated[Path, typer.Argument(help="One row per visit.", show_default=False)],
    id_column: Annotated[
        str | None, typer.Option("--id", help="Column with the ids; found out if not given.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="Column with the time, a number or a date.")
    ] = None,
    json: Json = False,
) -> None:
    """Import values over time: associate then compares their change between clusters."""

    def step(progress: Progress) -> Outcome:
        from clam_core.pipeline.clinical.visits import VisitOptions, import_visits
        from clam_core.study import Study

        options = VisitOptions(id_column=id_column, time_column=time)
        return import_visits(Study(study), table, options, progress)

    run_step(step, as_json=json)


def split_names(text: str) -> tuple[str, ...]:
    """`age, sex` -> ("age", "sex")."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _pairs(option: str, given: list[str] | None) -> dict[str, str]:
    """`["0=female"]` -> `{"0": "female"}`."""
    values = {}
    for pair in given or []:
        name, equals, value = pair.rpartition("=")
        if not equals or not name:
            raise SettingsError(f"--{option} {pair!r} is not NAME=VALUE, such as FVC=mL.")
        values[name] = value
    return values
