"""Which variables the headline counts: every measurement once, and nothing that was put in."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.cohort.column_arrays import LEVELS, NUMBERS, codes_of, numbers_of
from clam_core.statistics.result import NotTestableError
from clam_core.statistics.significance.correction import correct
from clam_core.tables.column_info import ColumnInfo

CLAIM_COLUMNS = ("not_counted", "headline_p", "is_rare", "direction")
FEWEST_ELSEWHERE = 5
"""Values apart from the most frequent one, below which a column is never the strongest."""

_PERCENT = re.compile(
    r"([\W_]*(%|percent|pct|perc|prozent)[\W_]*(of[\W_]*)?(pred\w*|soll\w*|th[eé]o\w*|te[oó]r\w*)?"
    r"|[\W_]+(pred|pp))[\W_]*$"
)
_Z_SCORE = re.compile(r"([\W_]*\bz|[\W_]+z)[\W_]*(score|wert|s)?[\W_]*$")
_UNIT = re.compile(r"[\W_]+(l|ml|liters?|litres?|abs|absolute|raw|measured)[\W_]*$")
_SAME = 0.999
_OVERLAP = 0.9


def add_claims(rows: pd.DataFrame, cohort: Cohort, settings: AssociateSettings) -> pd.DataFrame:
    """Say of each row whether the headline counts it, and correct over all that it counts.

    Where covariates were given the adjusted test is the one that counts.

    Args:
        rows: Rows of the association table.
        cohort: The rows that were compared.
        settings: Covariates and the kind of correction.

    Returns:
        The same with `CLAIM_COLUMNS`: why it is not counted (empty where it is), its p-value
        corrected over all that are counted, whether it hardly varies, and its direction.
    """
    p_value = rows["adjusted_p_value" if settings.adjust else "p_value"].to_numpy(dtype=np.float64)
    infos = [cohort.columns[name] for name in rows["variable"]]
    again = _counted_before(infos, cohort.frame, p_value, settings.adjust)
    why = [_why_not(info, p, settings, again) for info, p in zip(infos, p_value, strict=True)]
    counted = np.array([not reason for reason in why])
    return rows.assign(
        not_counted=why,
        headline_p=correct(np.where(counted, p_value, np.nan), settings.correction),
        is_rare=[_is_rare(cohort.frame[info.name]) for info in infos],
        direction=[_direction(cohort, info) for info in infos],
    )


def _why_not(
    info: ColumnInfo, p_value: float, settings: AssociateSettings, again: dict[str, str]
) -> str:
    if info.name in settings.adjust:
        return "a covariate of the adjustment"
    if info.family == "acquisition":
        return "it says how the scan was made"
    if info.name in again:
        return again[info.name]
    if not np.isfinite(p_value):
        return "no adjusted test" if settings.adjust else "not tested"
    return ""


def _counted_before(
    infos: Sequence[ColumnInfo],
    frame: pd.DataFrame,
    p_values: np.ndarray,
    covariates: Sequence[str],
) -> dict[str, str]:
    """Columns that repeat another one, with the sentence that names it."""
    # The one that stays is chosen without a look at its p-value: a covariate, or else the one
    # with most values, or else the one that allows for age, sex and height already.
    tested = [
        info
        for info, p in zip(infos, p_values, strict=True)
        if np.isfinite(p) or info.name in covariates
    ]
    order = sorted(
        tested,
        key=lambda info: (
            info.name not in covariates,
            -int(frame[info.name].notna().sum()),
            _measurement(info)[1],
        ),
    )
    kept: list[ColumnInfo] = []
    again: dict[str, str] = {}
    for info in order:
        first = next((one for one in kept if _is_same(one, info, frame)), None)
        if first is None:
            kept.append(info)
        else:
            again[info.name] = f"the same measurement as {first.label}"
    return again


def _measurement(info: ColumnInfo) -> tuple[str, int]:
    """What is measured, and on which scale: z-score 0, percent of predicted 1, raw 2."""
    name = info.name.lower()
    for scale, ending in enumerate((_Z_SCORE, _PERCENT)):
        if ending.search(name):
            return _bare(ending.sub("", name)), scale
    return _bare(name), 2


def _bare(name: str) -> str:
    return re.sub(r"[\W_]+", "", _UNIT.sub("", name))


def _is_same(a: ColumnInfo, b: ColumnInfo, frame: pd.DataFrame) -> bool:
    (what, scale), (other, other_scale) = _measurement(a), _measurement(b)
    if what and what == other and scale != other_scale:
        return True
    return _are_twins(a, b, frame)


def _are_twins(a: ColumnInfo, b: ColumnInfo, frame: pd.DataFrame) -> bool:
    """Whether one column says the same as the other, such as text beside its code."""
    both = (frame[a.name].notna() & frame[b.name].notna()).to_numpy(dtype=bool)
    larger = max(int(frame[name].notna().sum()) for name in (a.name, b.name))
    if both.sum() < max(3, _OVERLAP * larger):
        return False
    one, two = frame.loc[both, a.name], frame.loc[both, b.name]
    if a.kind in NUMBERS and b.kind in NUMBERS:
        return _on_one_line(one, two)
    codes, others = codes_of(one)[0], codes_of(two)[0]
    pairs = len(np.unique(np.column_stack([codes, others]), axis=0))
    return bool(pairs == len(np.unique(codes)) == len(np.unique(others)) > 1)


def _on_one_line(one: pd.Series, two: pd.Series) -> bool:
    """Whether two columns are the same number, in another unit perhaps."""
    try:
        x, y = numbers_of(one), numbers_of(two)
    except NotTestableError:
        return False
    known = np.isfinite(x) & np.isfinite(y)
    x, y = x[known], y[known]
    if len(x) < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return False
    return bool(abs(np.corrcoef(x, y)[0, 1]) > _SAME)


def _is_rare(column: pd.Series) -> bool:
    counts = column.value_counts()
    return bool(len(counts) and counts.sum() - counts.max() < FEWEST_ELSEWHERE)


def _direction(cohort: Cohort, info: ColumnInfo) -> str:
    """Where it is highest and where lowest: means, or the level whose share differs most."""
    column = cohort.frame[info.name]
    if info.kind in NUMBERS:
        try:
            values = pd.Series(numbers_of(column))
        except NotTestableError:
            return ""
        return _ends(values.groupby(cohort.labels).mean().dropna(), "mean ", "{:.3g}")
    if info.kind not in LEVELS or not column.notna().any():
        return ""
    codes, names = codes_of(column)
    known = codes >= 0
    if info.kind == "ordinal":
        ranks = pd.Series(codes[known]).rank()
        return _ends(ranks.groupby(cohort.labels[known]).mean(), "mean rank ", "{:.0f}")
    shares = pd.crosstab(cohort.labels[known], codes[known], normalize="index")
    gaps = (shares.max() - shares.min()).to_numpy(dtype=np.float64)
    column_of = -1 if info.kind == "binary" else int(gaps.argmax())
    level = names[int(shares.columns[column_of])]
    return _ends(100 * shares.iloc[:, column_of], f"{level}: ", "{:.0f} %")


def _ends(means: pd.Series, before: str, number: str) -> str:
    if len(means) < 2:
        return ""
    high, low = means.idxmax(), means.idxmin()
    most, least = (number.format(one) for one in (means.max(), means.min()))
    return f"{before}{most} in cluster {high}, {least} in cluster {low}"
