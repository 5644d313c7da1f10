"""What a calculated column is, by which equation and program it was made."""

from __future__ import annotations

from dataclasses import dataclass

from clam_core.spirometry.gap import GAP_NOTE
from clam_core.spirometry.measures import ROLES, Equation
from clam_core.spirometry.pattern import PATTERNS
from clam_core.spirometry.reference import equation_version

PATTERN_CITATION = "Stanojevic et al. 2022, Eur Respir J 60:2101499"
PRISM_CITATION = "Wan et al. 2014, Respir Res 15:89"
GAP_CITATION = "Ley et al. 2012, Ann Intern Med 156:684"

LEVELS: dict[str, tuple[str, ...]] = {
    "spirometric_pattern": tuple(PATTERNS),
    "prism": ("no", "yes"),
    "gap_stage": ("I", "II", "III"),
}
"""Levels of the calculated columns that hold words, in order."""


@dataclass(frozen=True)
class DerivedColumn:
    """A calculated column.

    Attributes:
        name: Name in the frame, e.g. `FVC_z_score`.
        label: Name to show, e.g. `FVC (z-score)`.
        kind: `continuous`, `nominal`, `binary`, `ordinal` or `free_text`.
        unit: Unit of its numbers; empty where there is none.
        sources: Columns of the table that it was made from.
        equation: Title of the equations or rules.
        citation: Where they are published.
        version: Program and version that calculated it; empty for our own rules.
        note: What its user should know; may be empty.
    """

    name: str
    label: str
    kind: str
    unit: str
    sources: tuple[str, ...]
    equation: str
    citation: str
    version: str = ""
    note: str = ""


def measure_columns(
    measure: str, equation: Equation, sources: tuple[str, ...]
) -> tuple[DerivedColumn, ...]:
    """Columns of one measure: predicted, lower limit, z-score, % predicted, reason.

    Args:
        measure: Name of the measure.
        equation: Its reference equations.
        sources: Columns of the table that it was made from.
    """
    unit = "" if ROLES[measure].unit == "fraction" else ROLES[measure].unit
    short = measure.replace("/", "_")
    kinds = (
        ("predicted", "predicted", "continuous", unit),
        ("lower_limit", "lower limit of normal", "continuous", unit),
        ("z_score", "z-score", "continuous", "z-score"),
        ("percent_predicted", "% predicted", "continuous", "% predicted"),
        ("reason", "why not calculated", "free_text", ""),
    )
    return tuple(
        DerivedColumn(
            f"{short}_{name}",
            f"{measure} ({words})",
            kind,
            own_unit,
            sources,
            equation.title,
            equation.citation,
            equation_version(),
            equation.note,
        )
        for name, words, kind, own_unit in kinds
    )


def pattern_columns(sources: tuple[str, ...]) -> tuple[DerivedColumn, ...]:
    """Columns of the pattern: its name, PRISm in the wide sense, reason.

    Args:
        sources: Columns of the table that they were made from.
    """
    rules = "ERS/ATS 2022 interpretive strategies"
    wide = "FEV1 below and FEV1/FVC not below the lower limit of normal, whatever FVC and TLC are."
    return (
        DerivedColumn(
            "spirometric_pattern", "Spirometric pattern", "nominal", "", sources, rules,
            PATTERN_CITATION,
        ),
        DerivedColumn(
            "prism", "PRISm", "binary", "", sources, "Lower limits of normal", PRISM_CITATION,
            note=wide,
        ),
        DerivedColumn(
            "spirometric_pattern_reason", "Spirometric pattern (why not given)", "free_text", "",
            sources, rules, PATTERN_CITATION,
        ),
    )  # fmt: skip


def gap_columns(sources: tuple[str, ...]) -> tuple[DerivedColumn, ...]:
    """Columns of the GAP index: points, stage, reason.

    Args:
        sources: Columns of the table that they were made from.
    """
    kinds = (
        ("gap_index", "GAP index", "ordinal"),
        ("gap_stage", "GAP stage", "ordinal"),
        ("gap_reason", "GAP index (why not calculated)", "free_text"),
    )
    return tuple(
        DerivedColumn(name, label, kind, "", sources, "GAP index", GAP_CITATION, note=GAP_NOTE)
        for name, label, kind in kinds
    )
