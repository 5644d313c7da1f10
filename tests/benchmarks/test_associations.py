"""The benchmark of associations measures what it says."""

import numpy as np
import pandas as pd

from benchmarks.associations import Plan, measure, null_figures, synthetic, under_null

TINY = Plan(n_shuffles=6, n_resamples=99, n_cohorts=1, n_variables=10, n_subjects=60)


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
