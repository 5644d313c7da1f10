"""Options of a clinical table: the same for every step that reads one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from clam_core.pipeline.declared_steps.declaration import Option
from clam_core.pipeline.declared_steps.shared_options import (
    DateOrders,
    DecimalMark,
    ForgetDeclared,
    IdColumn,
    Missing,
    declared_options,
)
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


@dataclass(frozen=True)
class TableReading:
    """How a clinical table is read."""

    id_column: IdColumn = None
    sheet: Sheet = None
    near_misses: NearMisses = False
    duplicates: Duplicates = "refuse"
    decimal: DecimalMark = None
    kind: Kinds = None
    unit: Units = None
    missing: Missing = None
    date_orders: DateOrders = None
    forget_declared: ForgetDeclared = False

    def options(self) -> ClinicalOptions:
        """Options of `import_table`.

        Raises:
            ValueError: If a value is none of those that are known.
        """
        from clam_core.tables.import_table import ClinicalOptions

        declared = declared_options(self.missing, self.decimal, self.date_orders)
        overrides: dict[str, Any] = {}
        for what, given in (("kind", self.kind or {}), ("unit", self.unit or {})):
            for column, value in given.items():
                overrides.setdefault(column, {})[what] = value
        for name, said in declared.pop("columns").items():
            overrides.setdefault(name, {}).update(said)
        values = {"sheet": self.sheet, "duplicates": self.duplicates, **declared}
        return ClinicalOptions(
            overrides=overrides,
            id_column=self.id_column,
            apply_near_misses=self.near_misses,
            forget_declared=self.forget_declared,
            **values,
        )
