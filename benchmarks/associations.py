"""Associations under the null hypothesis, with planted effects, and their speed."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.error_rates.measure import error_rate_figures, measure_error_rates
from benchmarks.table import Figure, reached
from clam_core.phantom import make_clinical_table
from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.column_arrays import LEVELS, NUMBERS, codes_of, numbers_of
from clam_core.statistics.result import Labels, NotTestableError, Values
from clam_core.statistics.significance.choose_test import compare
from clam_core.statistics.significance.correction import correct
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.describe_columns import infer_columns, typed_frame
from clam_core.tables.text.raw_table import RawTable

Progress = Callable[[str, int, int], None]

SIZES = (70, 50, 30)
LOW, HIGH = 0.04, 0.06
_GROUPS = ("minimal", "ground_glass", "fibrosis")
_PLANTED = ("FVC_L", "DLCO", "ground_glass_score", "fibrosis_score", "honeycombing_score")
_CONTROL = "shoe_size"


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        n_shuffles: Label shuffles of the synthetic table.
        n_resamples: Shuffles within each permutation test.
        n_cohorts: Cohorts with planted effects.
        n_null: Null cohorts of each number and size of clusters, for every option of the page.
        n_variables: Variables of the timed table.
        n_subjects: Subjects of the timed table.
    """

    n_shuffles: int = 1000
    n_resamples: int = 999
    n_cohorts: int = 20
    n_null: int = 400
    n_variables: int = 500
    n_subjects: int = 1000


def measure(
    plan: Plan, progress: Progress, kept: Path | None = None
) -> tuple[list[Figure], pd.DataFrame]:
    """All figures, and the p-values of every shuffle.

    Args:
        plan: How much is measured.
        progress: Told what is measured.
        kept: CSV file of the null cohorts, to which each is added as it is done; or None.
    """
    p_values = under_null(plan, progress)
    figures = [*null_figures(p_values), *power_figures(plan, progress)]
    options = measure_error_rates(plan.n_null, plan.n_resamples, progress, kept)
    figures += error_rate_figures(options)
    return [*figures, *speed_figures(plan, progress)], p_values


# Under the null


def synthetic(seed: int, sizes: tuple[int, ...] = SIZES) -> tuple[pd.DataFrame, list[ColumnInfo]]:
    """The demo cohort's clinical table, imported as anybody's, and a count unrelated to it.

    Args:
        seed: Everything random follows from it.
        sizes: Subjects of each group, in order.

    Returns:
        Typed values, indexed by scan_id, and what the columns are.
    """
    rng = np.random.default_rng(seed)
    which = np.repeat(np.arange(len(sizes)), sizes)
    table = make_clinical_table([_truth(row, int(g), rng) for row, g in enumerate(which)], seed)
    table["number_of_infections"] = rng.negative_binomial(1.5, 0.25, len(table))
    texts = table.astype(object).where(table.notna(), None)
    rows = [[None if v is None else f"{v}" for v in row] for row in texts.to_numpy().tolist()]
    raw = RawTable("synthetic", "csv", tuple(table.columns), rows, list(range(len(rows))))
    infos = infer_columns(raw)
    return typed_frame(raw, infos).set_axis(pd.Index(table["scan_id"]), axis="index"), infos


def _truth(row: int, group: int, rng: np.random.Generator) -> dict[str, Any]:
    """What make_cohort would say of a scan of this group."""
    name = _GROUPS[group % 3]
    fibrosis = rng.uniform(0.05, 0.18) if name == "fibrosis" else 0.0
    return {
        "scan_id": f"S{row:04d}",
        "subject_id": f"P{row:04d}",
        "group": name,
        "sex": "M" if rng.uniform() < 0.5 else "F",
        "age": float(rng.normal(50, 9)),
        "height_cm": float(rng.uniform(155, 190)),
        "fat_mm": float(rng.uniform(6, 20)),
        "ground_glass_extent": rng.uniform(0.05, 0.2) if name == "ground_glass" else 0.0,
        "fibrosis_extent": fibrosis,
        "honeycombing_extent": fibrosis / 2,
    }


def under_null(plan: Plan, progress: Progress) -> pd.DataFrame:
    """P-values after shuffling the labels: shuffle, variable, kind, p_value.

    Args:
        plan: Number of shuffles.
        progress: Told how many are done.
    """
    frame, infos = synthetic(0)
    columns = {info.name: (info.kind, _numbers(frame, info)) for info in infos
               if info.kind in NUMBERS | LEVELS}  # fmt: skip
    labels = np.repeat([1, 2, 3], SIZES)[: len(frame)].astype(np.int64)
    rng = np.random.default_rng(1)
    rows = []
    for shuffle in range(plan.n_shuffles):
        shuffled = rng.permutation(labels)
        settings = AssociateSettings(n_resamples=plan.n_resamples, seed=shuffle)
        for name, (kind, values) in columns.items():
            rows.append((shuffle, name, kind, _p(name, kind, values, (shuffled, settings))))
        progress("Shuffling labels", shuffle + 1, plan.n_shuffles)
    return pd.DataFrame(rows, columns=["shuffle", "variable", "kind", "p_value"])


def _numbers(frame: pd.DataFrame, info: ColumnInfo) -> Values:
    if info.kind in NUMBERS:
        return numbers_of(frame[info.name])
    codes, _ = codes_of(frame[info.name])
    return np.where(codes < 0, np.nan, codes.astype(np.float64))


def _p(name: str, kind: str, values: Values, how: tuple[Labels, AssociateSettings]) -> float:
    try:
        return compare(name, kind, values, how[0], how[1]).tested.p_value
    except NotTestableError:
        return float("nan")


def null_figures(p_values: pd.DataFrame) -> list[Figure]:
    """Share of p < 0.05 for each kind of variable, and false discoveries after correction.

    Args:
        p_values: What `under_null` gives.
    """
    figures = []
    for kind, part in p_values.groupby("kind"):
        share = float((part["p_value"] < 0.05).mean())
        by_variable = (part["p_value"] < 0.05).groupby(part["variable"]).mean()
        figures.append(
            Figure(
                f"Labels shuffled, {kind} variables: share of p < 0.05",
                f"{share:.4f}",
                f"{LOW} to {HIGH}",
                _within(share, len(part)),
                f"{len(part):,} tests; single variables {by_variable.min():.3f} to "
                f"{by_variable.max():.3f}",
            )
        )
    false = p_values.groupby("shuffle")["p_value"].apply(
        lambda p: bool((correct(p.to_numpy()) < 0.05).any())
    )
    rate = float(false.mean())
    how = f"{len(false):,} tables with a false finding after Benjamini-Hochberg over all variables"
    return [*figures, Figure("False discovery rate under the null", f"{rate:.4f}", "at most 0.05",
                             reached(rate, 0.05), how)]  # fmt: skip


def _within(share: float, n_tests: int) -> str:
    """Whether a share lies within its limits; nothing where too few tests could tell."""
    if n_tests < 1000:
        return ""
    return "yes" if LOW <= share <= HIGH else "no"


# Planted effects


def power_figures(plan: Plan, progress: Progress) -> list[Figure]:
    """How often planted effects are found in cohorts of 48, and how often the control is.

    Args:
        plan: Number of cohorts.
        progress: Told how many are done.
    """
    names = (*_PLANTED, _CONTROL)
    times = dict.fromkeys(names, 0)
    sizes = (16, 16, 16)
    for seed in range(plan.n_cohorts):
        frame, infos = synthetic(100 + seed, sizes)
        group = np.repeat([1, 2, 3], sizes)
        labels = np.array([group[int(str(scan)[1:])] for scan in frame.index], dtype=np.int64)
        how = (labels, AssociateSettings(n_resamples=plan.n_resamples, seed=seed))
        tested = [info for info in infos if info.kind in NUMBERS | LEVELS]
        p = np.array([_p(i.name, i.kind, _numbers(frame, i), how) for i in tested])
        adjusted = dict(zip([info.name for info in tested], correct(p), strict=True))
        for name in names:
            times[name] += adjusted[name] < 0.05
        progress("Looking for planted effects", seed + 1, plan.n_cohorts)
    how_many = f"of {plan.n_cohorts} cohorts of 48, adjusted p < 0.05"
    return [
        Figure(f"{'Planted' if name != _CONTROL else 'Unrelated'}: {name}", f"{count}", "", "",
               how_many)
        for name, count in times.items()
    ]  # fmt: skip


# Speed


def speed_figures(plan: Plan, progress: Progress) -> list[Figure]:
    """Time of one table, adjusted by five covariates, all kinds of variables in equal parts.

    Args:
        plan: Size of the table.
        progress: Told that it is measured.
    """
    from clam_core.statistics import associate

    progress("Timing a large table", 0, 1)
    clusters, frame, infos = _large(plan)
    settings = AssociateSettings(adjust=tuple(info.name for info in infos[:5]))
    start = time.perf_counter()
    rows = associate(clusters, frame, infos, settings).rows
    seconds = time.perf_counter() - start
    tested = int(rows["p_value"].notna().sum())
    adjusted = int(rows["adjusted_p_value"].notna().sum())
    what = f"{plan.n_variables} variables, {plan.n_subjects:,} subjects, 4 clusters, 5 covariates"
    how = f"{tested} tested, {adjusted} adjusted, one run"
    return [Figure(what, f"{seconds:.1f} s", "20 s", reached(seconds, 20), how)]


def _large(plan: Plan) -> tuple[pd.DataFrame, pd.DataFrame, list[ColumnInfo]]:
    rng = np.random.default_rng(5)
    n = plan.n_subjects
    ids = pd.Index([f"S{row:05d}" for row in range(n)], name="scan_id")
    clusters = pd.DataFrame({"subject_id": ids, "cluster": rng.integers(1, 5, n)}, index=ids)
    soft = rng.dirichlet(np.ones(4), n)
    clusters[[f"q_{c}" for c in range(1, 5)]] = soft
    makers: dict[str, Callable[[], Any]] = {
        "continuous": lambda: rng.normal(size=n),
        "ordinal": lambda: pd.Categorical(rng.integers(0, 5, n), ordered=True),
        "nominal": lambda: pd.Categorical(rng.integers(0, 4, n)),
        "binary": lambda: pd.Categorical(rng.integers(0, 2, n)),
        "count": lambda: rng.negative_binomial(2, 0.3, n).astype(np.float64),
    }
    kinds = [list(makers)[i % len(makers)] for i in range(plan.n_variables)]
    kinds[:5] = ["continuous", "binary", "continuous", "nominal", "nominal"]
    frame = pd.DataFrame({f"v{i}": makers[kind]() for i, kind in enumerate(kinds)}, index=ids)
    infos = [ColumnInfo(f"v{i}", f"v{i}", kind, family=f"family {i % 5}")  # type: ignore[arg-type]
             for i, kind in enumerate(kinds)]  # fmt: skip
    return clusters, frame, infos
