"""How often `select` sees groups: in cohorts without any, and in cohorts that have some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.claim_rates.made_tables import DISTANCES, NULLS, SIZES, Groups, Values
from benchmarks.claim_rates.null_scans import FAMILIES, phantom_null
from benchmarks.journal import Journal, Progress
from clam_core.clustering import clusterer_of
from clam_core.fitting import fit_model, preset_settings
from clam_core.fitting.evident_number import select_of_run
from clam_core.settings import FitMethod, SelectSettings
from clam_core.training import ScanSource

FIRST_SEED = 1000
"""Seeds below this one were looked at while the rule was made."""
VIEWS: tuple[FitMethod, ...] = ("auto", "profiles", "density", "texture")
NULL_TITLE = "Cohorts without groups: share in which groups are claimed"
POWER_TITLE = "Tables with groups: share in which their number is recommended"


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes:
        n_tables: Tables without groups of each family.
        n_cohorts: Cohorts of phantom scans of each family.
        n_groups: Tables with groups of each kind.
        first: Seed of the first.
    """

    n_tables: int = 100
    n_cohorts: int = 20
    n_groups: int = 20
    first: int = FIRST_SEED


def measure(plan: Plan, progress: Progress, to: Path | None = None) -> pd.DataFrame:
    """Ask `select` about every cohort.

    Args:
        plan: How many.
        progress: Told how many are done.
        to: Table (CSV) that rows are kept in as they come, or None.

    Returns:
        One row per cohort: kind (`table`, `phantom` or `groups`), family, seed, truth (number of
        groups), found (0: none).
    """
    journal = Journal(to, ("kind", "family", "seed"))
    tasks = list(_tasks(plan))
    for number, (facts, ask) in enumerate(tasks):
        progress("Cohorts with and without groups", number, len(tasks))
        journal.take(facts, ask)
    return journal.table()


Task = tuple[dict[str, Any], Callable[[], Iterable[dict[str, Any]]]]


def _tasks(plan: Plan) -> Iterator[Task]:
    for seed in range(plan.first, plan.first + plan.n_tables):
        for name, make in NULLS.items():
            rng = np.random.default_rng([seed, len(name)])
            facts = {"kind": "table", "family": name, "seed": seed}
            yield facts, lambda m=make, s=seed, r=rng: _asked(m(s, r), 1)  # type: ignore[misc]
    for seed in range(plan.first, plan.first + plan.n_groups):
        for sizes in SIZES:
            for distance in DISTANCES:
                rng = np.random.default_rng([seed, *sizes, int(10 * distance)])
                words = f"{' + '.join(map(str, sizes))}, {distance:g} sd"
                facts = {"kind": "groups", "family": words, "seed": seed}
                groups = Groups(sizes, distance)
                yield facts, lambda g=groups, r=rng: _asked(g.draw(r), len(g.sizes))  # type: ignore[misc]
    for seed in range(plan.first, plan.first + plan.n_cohorts):
        for name in FAMILIES:
            facts = {"kind": "phantom", "family": name, "seed": seed}
            yield facts, lambda n=name, s=seed: _of_scans(n, s)  # type: ignore[misc]


def _asked(
    values: Values, truth: int, clusterer: str = "kmeans", view: str = ""
) -> Iterator[dict[str, Any]]:
    # The other methods only agree or not: the first one is what is judged.
    found = select_of_run(values, clusterer, SelectSettings(methods=("kmeans",))).recommended
    yield {"view": view, "truth": truth, "found": found or 0}


def _of_scans(family: str, seed: int) -> Iterator[dict[str, Any]]:
    cohort = phantom_null(family, seed)
    source = ScanSource(cohort.read, len(cohort.volumes), cohort.grid, cohort.unit)
    for view in VIEWS:
        fitted = fit_model(source, preset_settings("default", 2, view, seed=seed))
        yield from _asked(fitted.features.astype(np.float64), 1, clusterer_of(fitted.method), view)


def nulls(table: pd.DataFrame) -> pd.DataFrame:
    """Share of cohorts without groups in which some are claimed, with its 95 % interval.

    Args:
        table: Of `measure`.

    Source:
        Clopper & Pearson (1934), Biometrika 26.
    """
    from scipy.stats import binomtest

    rows = []
    part = table[table["truth"] == 1].fillna({"view": ""})
    for (kind, family, view), each in part.groupby(["kind", "family", "view"], sort=False):
        claimed = int((each["found"] > 0).sum())
        low, high = binomtest(claimed, len(each)).proportion_ci()
        words = f"{claimed} of {len(each)}"
        share = f"{claimed / len(each):.1%} ({low:.1%} to {high:.1%})"
        rows.append({"cohorts": kind, "family": family, "view": view, "claimed": words, "": share})
    return pd.DataFrame(rows)


def power(table: pd.DataFrame) -> pd.DataFrame:
    """Share of tables with groups whose number is recommended: a row per sizes."""
    part = table[table["truth"] > 1]
    named = part["family"].str.rsplit(", ", n=1, expand=True)
    right = (part["found"] == part["truth"]).groupby([named[0], named[1]], sort=False).mean()
    text = right.map("{:.2f}".format).unstack()
    return text.rename_axis(index="sizes", columns=None)
