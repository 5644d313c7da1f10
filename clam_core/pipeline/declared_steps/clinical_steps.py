"""Clusters against the clinical table, lung function, visits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from clam_core.pipeline.declared_steps.associate_options import (
    Comparison,
    Covariates,
    FollowUp,
    Likeness,
)
from clam_core.pipeline.declared_steps.declaration import Option, step
from clam_core.pipeline.declared_steps.shared_options import (
    DateOrders,
    DecimalMark,
    ForgetDeclared,
    IdColumn,
    Missing,
    RunName,
    declared_options,
)
from clam_core.pipeline.declared_steps.written import pairs
from clam_core.pipeline.progress import Progress
from clam_core.pipeline.summary import Summary


@step(
    "Comparing the clinical table",
    needs="a run, a clinical table",
    writes="effects, tests, adjusted results, confounding, Table 1, follow-up",
    stages={
        "Reading clusters and clinical table": 0.2,
        "Comparing clinical values between clusters": 4.0,
        "Measuring how stable the clusters are": 3.0,
        "Comparing follow-up": 0.5,
    },
)
def associate(
    study: Path,
    *,
    run: RunName = "default",
    covariates: Covariates,
    comparison: Comparison,
    follow_up: FollowUp,
    likeness: Likeness,
    table_numbers: Annotated[
        str, Option("Numbers of Table 1: both, mean (with SD), or median (with quartiles).")
    ] = "both",
    seed: Annotated[int, Option("Same seed, same shuffles.", lowest=0)] = 0,
    progress: Progress,
) -> Summary:
    """Test every clinical column against the clusters, and say how far to trust it."""
    from clam_core.pipeline.clinical.associate import associate_run
    from clam_core.settings import AssociateSettings
    from clam_core.study import Study

    groups = (covariates, comparison, follow_up, likeness)
    chosen: dict[str, Any] = {"table_numbers": table_numbers, "seed": seed}
    for group in groups:
        chosen |= vars(group)
    settings = AssociateSettings(**chosen)
    return associate_run(Study(study), run, settings, progress)


@step(
    "Repeating it in a second cohort",
    needs="a run, a clinical table, a second study or enough subjects",
    writes="agreement of the clusters, effects in both cohorts, replicated or not",
    stages={
        "Reading clusters and clinical table": 0.2,
        "Assigning the second cohort": 5.0,
        "Comparing both cohorts": 0.5,
    },
)
def replicate(
    study: Path,
    *,
    run: RunName = "default",
    second: Annotated[Path | None, Option("The second study, prepared alike.", flag="--in")] = None,
    split: Annotated[
        bool, Option("Instead: half of the subjects, drawn within sites, are held out.")
    ] = False,
    seed: Annotated[int, Option("Same seed, same halves.", lowest=0)] = 0,
    progress: Progress,
) -> Summary:
    """Freeze the clusters, assign a second cohort, and repeat every comparison there."""
    from clam_core.errors import SettingsError
    from clam_core.pipeline.clinical.replicate import replicate_run
    from clam_core.study import Study

    if split == (second is not None):
        raise SettingsError("Name a second study (--in), or split this one (--split).")
    other = None if second is None else Study(second)
    return replicate_run(Study(study), run, other, seed, progress)


@step(
    "Calculating reference values",
    needs="a clinical table",
    writes="predicted values, z-scores, lower limits, pattern and GAP in the table",
    stages={"Calculating reference values": 0.5},
)
def lung_function(
    study: Path,
    *,
    equations: Annotated[
        str, Option("Of FEV1 and FVC: GLI-2022, or GLI-2012 (by ethnic group).")
    ] = "GLI-2022",
    unit: Annotated[
        dict[str, str] | None,
        Option(
            "Confirm a unit: FVC=mL; may be given many times.",
            written=pairs("--unit", "NAME=VALUE, such as FVC=mL"),
        ),
    ] = None,
    sex: Annotated[
        dict[str, str] | None,
        Option(
            "What a code means: 0=female; many times.",
            written=pairs("--sex", "NAME=VALUE, such as FVC=mL"),
        ),
    ] = None,
    ethnic_group: Annotated[
        str | None, Option("Group of GLI-2012 for all, where there is no column.")
    ] = None,
    progress: Progress,
) -> Summary:
    """Add predicted values, z-scores, lower limits, pattern and GAP to the clinical table."""
    from clam_core.pipeline.clinical.lung_function import add_reference_values
    from clam_core.spirometry import LungFunctionSettings
    from clam_core.study import Study

    values: dict[str, Any] = {"spirometry": equations, "ethnic_group_for_all": ethnic_group}
    values |= {"units": unit or {}, "sex_codes": sex or {}}
    return add_reference_values(Study(study), LungFunctionSettings(**values), progress)


@step(
    "Reading the visits",
    needs="a study, a table with a row per visit",
    writes="values over time, which 'associate' compares",
    stages={"Reading the visits": 0.5},
)
def visits(
    study: Path,
    *,
    table: Annotated[Path, Option("One row per visit.", is_argument=True)],
    id_column: IdColumn = None,
    time: Annotated[str | None, Option("Column with the time, a number or a date.")] = None,
    missing: Missing = None,
    decimal: DecimalMark = None,
    date_orders: DateOrders = None,
    forget_declared: ForgetDeclared = False,
    progress: Progress,
) -> Summary:
    """Import values over time: associate then compares their change between clusters."""
    from clam_core.pipeline.clinical.visits import VisitOptions, import_visits
    from clam_core.study import Study
    from clam_core.tables.declared import Declared

    declared = Declared(**declared_options(missing, decimal, date_orders))
    options = VisitOptions(
        id_column=id_column, time_column=time, declared=declared, forget_declared=forget_declared
    )
    return import_visits(Study(study), table, options, progress)
