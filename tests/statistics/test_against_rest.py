"""A selection against the rest, beside scipy and hand counts."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind

from clam_core.statistics.cohort.groups import group
from clam_core.statistics.effects.selection_against_rest import against_rest, mean_difference
from clam_core.tables.column_info import ColumnInfo


@pytest.fixture(scope="module")
def made():
    random = np.random.default_rng(2)
    chosen = np.arange(60) < 20
    table = pd.DataFrame(
        {
            "fvc": np.where(chosen, 2.5, 3.5) + random.normal(0, 0.5, 60),
            "age": random.normal(50, 9, 60),
            "sex": pd.Categorical(["F"] * 15 + ["M"] * 5 + ["F"] * 10 + ["M"] * 30),
            "same": 1.0,
            "code": [f"P{n}" for n in range(60)],
        }
    )
    table.loc[[0, 30, 31], "fvc"] = np.nan
    columns = [
        ColumnInfo("age", "Age", "continuous", "years"),
        ColumnInfo("fvc", "FVC", "continuous", "L"),
        ColumnInfo("sex", "Sex", "binary"),
        ColumnInfo("same", "Same", "continuous"),
        ColumnInfo("code", "Code", "id"),
    ]
    return table, columns, chosen


def test_the_interval_is_welchs(made):
    table, _, chosen = made
    values = table["fvc"].to_numpy()
    gap, low, high = mean_difference(group(values, np.where(chosen, 1, 2)))
    own, rest = (values[part & np.isfinite(values)] for part in (chosen, ~chosen))
    welch = ttest_ind(own, rest, equal_var=False).confidence_interval(0.95)
    np.testing.assert_allclose([low, high], welch, rtol=1e-10)
    assert gap == pytest.approx(own.mean() - rest.mean())
    assert low < gap < high


def test_the_largest_difference_comes_first_in_words_and_numbers(made):
    table, _, chosen = made
    found = against_rest(*made)
    assert found["variable"].tolist() == ["fvc", "sex", "age"]
    fvc = found.iloc[0]
    assert (fvc["label"], fvc["n_selected"], fvc["n_rest"]) == ("FVC (L)", 19, 38)
    values, known = table["fvc"].to_numpy(), table["fvc"].notna().to_numpy()
    welch = ttest_ind(values[~chosen & known], values[chosen & known], equal_var=False)
    low, high = welch.confidence_interval(0.95)
    own, rest = values[chosen & known].mean(), values[~chosen & known].mean()
    assert fvc["difference"] == (
        f"lower by {rest - own:.3g} (95 % interval {low:.3g} to {high:.3g}): mean {own:.3g} "
        f"against {rest:.3g}"
    )
    assert found.iloc[1]["difference"] == "M: 25 % against 75 %"
    assert found["size"].is_monotonic_decreasing


def test_turning_the_selection_around_turns_the_words(made):
    table, columns, chosen = made
    one, other = against_rest(table, columns, chosen), against_rest(table, columns, ~chosen)
    np.testing.assert_allclose(one["size"], other["size"])
    assert one.iloc[0]["difference"].startswith("lower by")
    assert other.iloc[0]["difference"].startswith("higher by")


def test_several_levels_say_the_largest_gaps_first():
    stage = pd.Categorical(["I"] * 4 + ["II"] * 6 + ["I"] * 6 + ["III"] * 4)
    table, chosen = pd.DataFrame({"stage": stage}), np.arange(20) < 10
    found = against_rest(table, [ColumnInfo("stage", "Stage", "ordinal")], chosen)
    assert found["difference"].tolist() == [
        "II: 60 % against 0 %; III: 0 % against 40 %; I: 40 % against 60 %"
    ]


def test_one_selected_scan_is_not_compared(made):
    table, columns, chosen = made
    assert against_rest(table, columns, np.arange(60) == 3).empty
    assert against_rest(table, [], chosen).empty
