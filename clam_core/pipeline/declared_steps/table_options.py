"""Options of a clinical table: the same for every step that reads one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from clam_core.pipeline.declared_steps.declaration import Option
from clam_core.pipeline.declared_steps.shared_options import ByColumn, declared_options
from clam_core.pipeline.declared_steps.written import pairs

if TYPE_CHECKING:
    from clam_core.tables.import_table import ClinicalOptions

Sheet = Annotated[str | None, Option("Sheet of a workbook; the one with the ids if not given.")]
NearMisses = Annotated[
    bool, Option("Match 1 with 001, sarc_1 with SARC-1, ...", flag="--accept-near-misses")
]
Duplicates = Annotated[str, Option("Rows that contradict each other: refuse, or take the first.")]
Kinds = Annotated[
    dict[str, str] | None,
    Option(
        "COLUMN=KIND, e.g. scadding=ordinal; may be given many times.",
        written=pairs("--kind", "COLUMN=KIND"),
    ),
]
Units = Annotated[
    dict[str, str] | None,
    Option("COLUMN=UNIT, e.g. dlco=%.", written=pairs("--unit", "COLUMN=UNIT")),
]


def table_options(
    *,
    kind: dict[str, str] | None,
    unit: dict[str, str] | None,
    missing: ByColumn | None,
    decimal: ByColumn | None,
    date_orders: ByColumn | None,
    **values: Any,  # noqa: ANN401
) -> ClinicalOptions:
    """How a clinical table is read, from what was given on a command line.

    Args:
        kind: Name of a column to its kind.
        unit: Name of a column to its unit.
        missing: Codes that mean missing, by column.
        decimal: Decimal marks, by column.
        date_orders: Orders of day and month, by column.
        values: Further fields of `ClinicalOptions`.

    Returns:
        The options of `import_table`.

    Raises:
        ValueError: If a value is none of those that are known.
    """
    from clam_core.tables.import_table import ClinicalOptions

    declared = declared_options(missing, decimal, date_orders)
    overrides: dict[str, Any] = {}
    for what, given in (("kind", kind or {}), ("unit", unit or {})):
        for column, value in given.items():
            overrides.setdefault(column, {})[what] = value
    for name, said in declared.pop("columns").items():
        overrides.setdefault(name, {}).update(said)
    return ClinicalOptions(overrides=overrides, **values, **declared)
