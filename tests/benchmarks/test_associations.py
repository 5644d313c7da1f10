"""The benchmark of associations measures what it says."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.associations import Plan, measure, null_figures, synthetic, under_null
from benchmarks.error_rates.measure import error_rate_figures
from benchmarks.error_rates.null_cohorts import Cell, by_age

TINY = Plan(n_shuffles=6, n_resamples=99, n_cohorts=1, n_null=1, n_variables=10, n_subjects=60)


def test_the_synthetic_table_has_every_kind_of_variable():
    frame, infos = synthetic(0)
    kinds = {info.kind for info in infos}
    assert {"continuous", "count", "ordinal", "nominal", "binary"} <= kinds
    assert list(frame.columns) == [info.name for info in infos]


def test_shuffling_gives_one_p_per_variable_and_shuffle():
    found = under_null(TINY, lambda *_: None)
    assert found.groupby("shuffle")["variable"].nunique().tolist() == [19] * 6
    assert found["p_value"].between(0, 1).all()
    assert found.groupby("variable")["p_value"].nunique().min() > 1  # shuffles differ


def test_figures_count_what_lies_below_the_level():
    found = pd.DataFrame(
        {
            "shuffle": np.repeat(np.arange(1000), 2), "variable": ["a", "b"] * 1000,
            "kind": ["ordinal", "binary"] * 1000, "p_value": 0.5,
        }
    )  # fmt: skip
    found.loc[found.index[::40], "p_value"] = 1e-6  # 50 of 1,000 shuffles, variable a
    figures = {one.what: one for one in null_figures(found)}
    ordinal = figures["Labels shuffled, ordinal variables: share of p < 0.05"]
    assert (ordinal.value, ordinal.reached) == ("0.0500", "yes")
    assert figures["Labels shuffled, binary variables: share of p < 0.05"].reached == "no"
    assert figures["False discovery rate under the null"].value == "0.0500"


def test_all_figures_of_a_small_plan():
    figures, p_values = measure(TINY, lambda *_: None)
    named = " ".join(figure.what for figure in figures)
    assert "Planted: DLCO" in named and "10 variables, 60 subjects" in named
    assert len(p_values) == 6 * 19
    assert "all scans, 5 clusters, 4:1" in named


def test_error_rates_are_shares_of_cohorts():
    seeds = np.repeat(np.arange(100), 4)
    found = pd.DataFrame(
        {"seed": seeds, "k": 2, "sizes": "equal", "option": "adjusted",
         "kind": ["normal", "normal", "binary", "headline"] * 100, "p_value": 0.9}
    )  # fmt: skip
    found.loc[found["seed"].isin(range(10)) & (found["kind"] == "normal"), "p_value"] = 0.01
    found.loc[found["seed"].isin(range(30)) & (found["kind"] == "headline"), "p_value"] = 0.0
    share, headline = error_rate_figures(found)
    # 20 of 300 tests, all of them in 10 cohorts: the spread is that of cohorts.
    spread = (2 / 3) * np.sqrt(0.1 * 0.9 * 100 / 99) / 10
    assert share.value == f"{20 / 300:.4f} ± {spread:.4f}" and share.reached == "yes"
    assert "normal 0.100, binary 0.000" in share.how
    assert headline.value.startswith("0.3000") and headline.reached == "no"


@pytest.mark.parametrize(("k", "uneven", "sizes"), [(2, True, [96, 24]), (3, False, [40] * 3),
                                                    (5, True, [60, 15, 15, 15, 15])])  # fmt: skip
def test_clusters_have_the_sizes_that_are_named(k, uneven, sizes):
    assert np.bincount(Cell(k, uneven).labels(120))[1:].tolist() == sizes


def test_a_null_cohort_is_null_only_where_age_is_held():
    # Without age half of the columns would differ: what the option adjusts for is there.
    cohort = by_age(Cell(2, is_uneven=False), 4000, np.random.default_rng(1))
    cluster, age = cohort.clusters["cluster"], cohort.frame["age"]
    assert abs(np.corrcoef(cluster, age)[0, 1]) > 0.3
    y = cohort.frame["normal_0"]
    assert abs(np.corrcoef(cluster, y)[0, 1]) > 0.1
    assert abs(np.corrcoef(cluster, y - 0.05 * age)[0, 1]) < 0.05
