"""P-values of a null cohort under every option of the page: one function per option."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.error_rates.null_cohorts import Cell, NullCohort, by_age, by_site, plain, repeated
from benchmarks.error_rates.rough_cohorts import rough, rough_by_age
from clam_core.settings import AssociateSettings
from clam_core.statistics import NotTestableError, assemble, associate, compare_within_sites
from clam_core.statistics.time.competing import compare_incidence
from clam_core.statistics.time.rates import compare_rates
from clam_core.statistics.time.slopes import compare_slopes
from clam_core.statistics.time.survival import Times, compare_survival

N, N_SUBJECTS, N_SLOPES, N_TABLES = 120, 80, 64, 10
Found = Iterator[tuple[str, str, float]]
"""Option, kind of the column (or `headline`, whose p is 0 where anything is claimed), p-value."""


@dataclass(frozen=True)
class Draw:
    """What one null cohort is drawn with.

    Attributes:
        cell: Number and sizes of the clusters.
        seed: Everything random follows from it.
        n_resamples: Shuffles of a permutation test.
    """

    cell: Cell
    seed: int
    n_resamples: int = 999

    def generator(self, place: int) -> np.random.Generator:
        """A generator of its own for each option."""
        return np.random.default_rng([self.seed, self.cell.k, self.cell.is_uneven, place])

    def settings(self, **more: object) -> AssociateSettings:
        """Settings of the comparison."""
        values = {"n_resamples": self.n_resamples, "seed": self.seed, **more}
        return AssociateSettings.model_validate(values)


def one_row(draw: Draw) -> Found:
    """One row per subject, the soft assignment beside it, and the headline."""
    cohort = plain(draw.cell, N, draw.generator(0))
    rows = _rows(cohort, draw.settings())
    yield from _listed("one row per subject", rows, "p_value")
    yield from _listed("soft assignment", rows, "soft_p_value")


def adjusted(draw: Draw) -> Found:
    """Adjusted by a covariate that clusters and columns follow."""
    cohort = by_age(draw.cell, N, draw.generator(1))
    rows = _rows(cohort, draw.settings(adjust=("age",)))
    yield from _listed("adjusted", rows[rows["variable"] != "age"], "adjusted_p_value")


def roughly(draw: Draw) -> Found:
    """One row per subject, values of the second kind."""
    rows = _rows(rough(draw.cell, N, draw.generator(7)), draw.settings())
    yield from _listed("rough values", rows, "p_value")


def roughly_adjusted(draw: Draw) -> Found:
    """Values of the second kind, adjusted."""
    cohort = rough_by_age(draw.cell, N, draw.generator(8))
    rows = _rows(cohort, draw.settings(adjust=("age",)))
    rows = rows[rows["variable"] != "age"]
    yield from _listed("rough values, adjusted", rows, "adjusted_p_value")


def weighted(draw: Draw) -> Found:
    """The same, rows weighted so that the covariate is alike in all clusters."""
    cohort = by_age(draw.cell, N, draw.generator(1))
    rows = _rows(cohort, draw.settings(adjust=("age",), adjust_by="weights"))
    yield from _listed("adjusted by weights", rows[rows["variable"] != "age"], "adjusted_p_value")


def imputed(draw: Draw) -> Found:
    """The same, a fifth of the covariate missing and imputed; unsure clusters drawn."""
    rng = draw.generator(5)
    cohort = by_age(draw.cell, N, rng)
    gone = rng.uniform(size=N) < 0.2
    frame = cohort.frame.assign(age=cohort.frame["age"].mask(gone))
    settings = draw.settings(adjust=("age",), impute=N_TABLES)
    rows = _rows(NullCohort(cohort.clusters, frame, cohort.columns), settings)
    yield from _listed("adjusted, imputed", rows[rows["variable"] != "age"], "adjusted_p_value")


def drawn(draw: Draw) -> Found:
    """Clusters drawn from the soft assignment."""
    cohort = plain(draw.cell, N, draw.generator(6))
    rows = _rows(cohort, draw.settings(label_draws=N_TABLES))
    for row in rows.to_dict("records"):
        yield "drawn clusters", _kind(row["variable"]), float(row["drawn_p_value"])


def all_scans(draw: Draw) -> Found:
    """All scans of subjects that have several."""
    cohort = repeated(draw.cell, N_SUBJECTS, draw.generator(2))
    rows = _rows(cohort, draw.settings(repeated="cluster_robust"))
    yield from _listed("all scans", rows, "p_value")


def within_sites(draw: Draw) -> Found:
    """Within sites that clusters and columns follow."""
    cohort = by_site(draw.cell, N, draw.generator(3))
    settings = draw.settings(within="site")
    joined = assemble(cohort.clusters, cohort.frame, cohort.columns, settings)
    tested = pd.DataFrame({"variable": [one.name for one in cohort.columns], "p_value": 0.0})
    within = compare_within_sites(joined, tested, settings)
    for row in within.to_dict("records"):
        yield "within sites", _kind(row["variable"]), float(row["p_value"])


def over_time(draw: Draw) -> Found:
    """Slopes, survival, competing events and rates."""
    rng = draw.generator(4)
    yield "follow-up", "slopes", _slopes(draw.cell, rng)
    labels = draw.cell.labels(N)
    time, censored = rng.exponential(3.0, N), rng.exponential(5.0, N)
    cause = np.where(time > censored, 0, np.where(rng.uniform(size=N) < 0.6, 1, 2))
    seen = np.minimum(time, censored)
    survival = compare_survival(Times(seen, (cause > 0).astype(np.float64), labels))
    yield "follow-up", "log-rank", survival.logrank_p_value
    yield "follow-up", "proportional hazards", survival.proportional_p_value
    yield "follow-up", "Gray", compare_incidence(seen, cause.astype(np.int64), labels).p_value
    years = rng.uniform(0.5, 5.0, N)
    events = rng.poisson(rng.gamma(1.5, 1 / 1.5, N) * 0.8 * years).astype(np.float64)
    yield "follow-up", "rates", compare_rates(events, years, labels).p_value


OPTIONS: tuple[Callable[[Draw], Found], ...] = (
    *(one_row, adjusted, roughly, roughly_adjusted),
    *(weighted, imputed, drawn, all_scans, within_sites, over_time),
)


def p_values(draw: Draw, option: Callable[[Draw], Found]) -> list[tuple[str, str, float]]:
    """All p-values of one option in one cohort; those that cannot be computed are NaN."""
    try:
        return list(option(draw))
    except NotTestableError:
        return []


def _slopes(cell: Cell, rng: np.random.Generator) -> float:
    labels = cell.labels(N_SLOPES)
    ids = [f"P{row}" for row in range(len(labels))]
    time = np.tile(np.arange(4.0), len(labels)) + rng.uniform(-0.2, 0.2, 4 * len(labels))
    level, slope = rng.normal(size=len(labels)), 0.3 * rng.normal(size=len(labels))
    who = np.repeat(np.arange(len(labels)), 4)
    value = level[who] + (0.2 + slope[who]) * time + 0.5 * rng.normal(size=len(time))
    visits = pd.DataFrame({"subject_id": np.array(ids)[who], "time": time, "value": value})
    return compare_slopes(visits, pd.Series(labels, index=ids)).p_value


def _rows(cohort: NullCohort, settings: AssociateSettings) -> pd.DataFrame:
    return associate(cohort.clusters, cohort.frame, cohort.columns, settings).rows


def _listed(option: str, rows: pd.DataFrame, column: str) -> Found:
    for row in rows.to_dict("records"):
        yield option, _kind(row["variable"]), float(row[column])
    if column != "soft_p_value":
        yield option, "headline", 0.0 if (rows["headline_p"] < 0.05).any() else 1.0


def _kind(variable: object) -> str:
    return str(variable).rpartition("_")[0]
