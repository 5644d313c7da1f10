"""Every variable compared within sites, beside the comparison of all rows together."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
import pandas as pd

from clam_core.errors import TableError
from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.cohort.column_arrays import LEVELS, NUMBERS, codes_of, numbers_of
from clam_core.statistics.models.adjust import Outcome
from clam_core.statistics.result import NotTestableError, Values
from clam_core.statistics.significance.correction import correct_within
from clam_core.statistics.sites.stratified import compare_within
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.vocabulary import find_meaning

WITHIN_COLUMNS = (
    "variable",
    "label",
    "family",
    "within",
    "n",
    "n_left_out",
    "n_sites",
    "test",
    "statistic",
    "df",
    "p_value",
    "p_adjusted",
    "why",
    "reason",
)
_SITES = ("Site", "Manufacturer", "Scanner model")


def site_column(cohort: Cohort, settings: AssociateSettings) -> str | None:
    """The column within whose levels clusters are compared.

    Args:
        cohort: Rows with their clusters.
        settings: May name the column.

    Returns:
        The named one, else that of the site, else that of the scanner; None where there is
        none with two levels.

    Raises:
        TableError: If the named column is not there, or holds no levels.
    """
    if settings.within is not None:
        info = cohort.columns.get(settings.within)
        if info is None or info.kind not in LEVELS:
            raise TableError(
                f"Nothing can be compared within {settings.within!r}; name a column with levels, "
                "such as the site."
            )
        return settings.within
    column_of: dict[str, str] = {}
    for name, info in cohort.columns.items():
        if info.kind not in LEVELS:
            continue
        meaning = find_meaning(name) or find_meaning(info.label)
        if meaning is not None and meaning.term in _SITES and cohort.frame[name].nunique() > 1:
            column_of.setdefault(meaning.term, name)
    return next((column_of[term] for term in _SITES if term in column_of), None)


def compare_within_sites(
    cohort: Cohort, tested: pd.DataFrame, settings: AssociateSettings
) -> pd.DataFrame:
    """Compare the variables that have a test between the clusters of the same site.

    Args:
        cohort: Rows with their clusters, the acquisition of the scans among its columns.
        tested: Rows of the association table.
        settings: Names the site, the correction and the shuffles.

    Returns:
        One row per variable that has a pooled test, `WITHIN_COLUMNS`; none where no site is
        known.

    Raises:
        TableError: If the settings name a site that is none.
    """
    site = site_column(cohort, settings)
    if site is None:
        return pd.DataFrame(columns=list(WITHIN_COLUMNS))
    names = [str(name) for name in tested.loc[tested["p_value"].notna(), "variable"]]
    rows = [_row(cohort, cohort.columns[name], site, settings) for name in names if name != site]
    table = pd.DataFrame(rows, columns=list(WITHIN_COLUMNS))
    p_values = table["p_value"].to_numpy(dtype=np.float64)
    corrected = correct_within(p_values, table["family"].tolist(), settings.correction)
    return table.assign(p_adjusted=corrected)


def _row(
    cohort: Cohort, info: ColumnInfo, site: str, settings: AssociateSettings
) -> dict[str, Any]:
    head: dict[str, Any] = {"variable": info.name, "label": info.label, "family": info.family}
    head |= {"within": cohort.columns[site].label, "why": "", "reason": ""}
    outcome = Outcome(info.kind, _values(cohort.frame[info.name], info.kind), cohort.labels)
    strata, _ = codes_of(cohort.frame[site])
    # crc32, as `hash` of a text differs between processes.
    rng = np.random.default_rng([settings.seed, crc32(info.name.encode())])
    try:
        if cohort.subjects is not None:
            raise NotTestableError("subjects have several rows")
        compared = compare_within(outcome, strata, settings.n_resamples, rng)
    except NotTestableError as error:
        return {**head, "reason": f"not testable within {head['within']}, because {error}"}
    tested = compared.tested
    return {
        **head,
        "n": compared.n,
        "n_left_out": compared.n_left_out,
        "n_sites": compared.n_strata,
        "test": tested.test,
        "statistic": tested.statistic,
        "df": tested.df,
        "p_value": tested.p_value,
        "why": tested.why,
    }


def _values(column: pd.Series[Any], kind: str) -> Values:
    if kind in NUMBERS:
        return numbers_of(column)
    codes, _ = codes_of(column)
    return np.where(codes < 0, np.nan, codes.astype(np.float64))
