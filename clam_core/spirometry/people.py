"""Sex and ethnic group of each row, read from words or from codes whose meaning was stated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import numpy as np
import pandas as pd

from clam_core.errors import TableError
from clam_core.spirometry.check import Checked
from clam_core.spirometry.settings import ETHNIC_GROUPS, EthnicGroup, LungFunctionSettings, SexName

_Name = TypeVar("_Name", bound=str)

_SEXES: dict[str, SexName] = {
    **dict.fromkeys(["f", "female", "woman", "w", "weiblich", "frau"], "female"),
    **dict.fromkeys(["femme", "feminin", "féminin", "mujer", "femenino"], "female"),
    **dict.fromkeys(["m", "male", "man", "männlich", "maennlich", "mann"], "male"),
    **dict.fromkeys(["homme", "masculin", "masculino", "hombre"], "male"),
}
_SEX_CODE: dict[SexName, float] = {"female": 0.0, "male": 1.0}

_GROUPS: dict[str, EthnicGroup] = {group.casefold(): group for group in ETHNIC_GROUPS} | {
    "white": "Caucasian",
    "european": "Caucasian",
    "black": "African American",
    "african-american": "African American",
    "northeast asian": "North East Asian",
    "southeast asian": "South East Asian",
    "other": "Other or mixed",
    "mixed": "Other or mixed",
    "other/mixed": "Other or mixed",
}


def read_sex(table: pd.DataFrame, column: str, settings: LungFunctionSettings) -> Checked:
    """Sex of each row: 0 female, 1 male.

    Words in four languages are known. A number says nothing by itself, and `m`
    means a woman beside `h` (mujer, hombre): such codes must be stated.

    Args:
        table: The clinical table.
        column: Name of the column of the sex.
        settings: Their `sex_codes` go before the known words.

    Raises:
        TableError: If the column is missing, or its codes have to be stated.
    """
    cells = _cells(table, column)
    stated = {_key(code): sex for code, sex in settings.sex_codes.items()}
    open_cells = set(cells) - set(stated) - {""}
    unclear = {cell for cell in open_cells if _is_number(cell) and not any(map(_is_number, stated))}
    if "h" in cells:
        unclear |= {"h", "m"} & open_cells
    if unclear:
        raise TableError(
            f"Column {column!r} holds {', '.join(map(repr, sorted(unclear)))}; state which code "
            "means female and which means male."
        )
    return _coded(cells, _SEXES | stated, _SEX_CODE, column, "Sex")


def known_group(value: object) -> EthnicGroup | None:
    """The group of GLI-2012 that a value of an ethnicity column names; None if it is not known."""
    return _GROUPS.get(_key(value))


def read_groups(table: pd.DataFrame, column: str, settings: LungFunctionSettings) -> Checked:
    """Group of GLI-2012 of each row: 1 to 5 in the order of `ETHNIC_GROUPS`.

    Args:
        table: The clinical table.
        column: Name of the column of the ethnicity; empty if there is none.
        settings: Their `ethnic_groups` go before the known words.

    Raises:
        TableError: If there is neither a column nor a group for all.
    """
    codes = {group: float(code) for code, group in enumerate(ETHNIC_GROUPS, start=1)}
    if not column:
        group = settings.ethnic_group_for_all
        if group is None:
            raise TableError(
                "GLI-2012 needs the ethnic group of each subject; choose its column, one group "
                "for all, or GLI-2022, which needs none."
            )
        return Checked(np.full(len(table), codes[group]), ("",) * len(table))
    stated = {_key(value): group for value, group in settings.ethnic_groups.items()}
    return _coded(_cells(table, column), _GROUPS | stated, codes, column, "Ethnic group")


def _coded(
    cells: list[str],
    names: Mapping[str, _Name],
    codes: Mapping[_Name, float],
    column: str,
    what: str,
) -> Checked:
    values, reasons = np.full(len(cells), np.nan), []
    for row, cell in enumerate(cells):
        if cell in names:
            values[row] = codes[names[cell]]
            reasons.append("")
        else:
            reasons.append(f"{what} {cell!r} is not known" if cell else f"{what} is missing")
    known = [cell for cell in dict.fromkeys(cells) if cell]
    if known and not np.isfinite(values).any():
        raise TableError(
            f"Column {column!r} holds {', '.join(map(repr, known[:5]))}, none of which is a known "
            f"{what.lower()}; state what they mean."
        )
    return Checked(values, tuple(reasons))


def _cells(table: pd.DataFrame, column: str) -> list[str]:
    if column not in table.columns:
        raise TableError(f"The table has no column {column!r}; choose another one.")
    return ["" if pd.isna(value) else _key(value) for value in table[column].tolist()]


def _key(value: object) -> str:
    """A value as it is compared: `1.0`, `1` and `" 1"` are one code."""
    text = str(value).strip().casefold()
    return text.removesuffix(".0") if _is_number(text) else text


def _is_number(text: str) -> bool:
    return text.replace(".", "", 1).removeprefix("-").isdigit()
