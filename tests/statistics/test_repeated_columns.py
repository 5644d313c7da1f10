"""Columns that say the same as another one, by their values or their names."""

import numpy as np
import pandas as pd
import pytest

from clam_core.statistics.repeated_columns import repeated_columns
from clam_core.tables.column_info import ColumnInfo


def repeated(frame, covariates=(), **kinds):
    infos = [ColumnInfo(name, name, kinds[name]) for name in frame]
    return repeated_columns(infos, frame, covariates)


def test_a_level_that_is_missing_in_one_column_does_not_hide_its_twin():
    text = pd.Categorical(["a"] * 7 + ["b"] * 6 + ["c"] * 6 + ["d"])
    code = np.array([1.0] * 7 + [2.0] * 6 + [3.0] * 6 + [np.nan])
    frame = pd.DataFrame({"grade": text, "stage": code})
    assert repeated(frame, grade="nominal", stage="ordinal") == {
        "stage": "the same measurement as grade"
    }
    other = frame.assign(stage=np.tile([1.0, 2.0, 3.0, 4.0], 5))
    assert repeated(other, grade="nominal", stage="ordinal") == {}


@pytest.mark.parametrize(("factor", "same"), [(0.4536, True), (None, False)])
def test_a_number_in_another_unit_is_the_same_number(factor, same):
    rng = np.random.default_rng(1)
    one = rng.normal(70, 9, 50)
    two = one * factor if factor else one + rng.normal(0, 3, 50)
    frame = pd.DataFrame({"weight": one, "mass": two})
    assert bool(repeated(frame, weight="continuous", mass="continuous")) == same


def test_the_covariate_stays_and_then_the_column_with_most_values():
    one = np.arange(30.0)
    frame = pd.DataFrame({"x": np.where(one < 2, np.nan, one), "y": 2 * one})
    kinds = {"x": "continuous", "y": "continuous"}
    assert set(repeated(frame, **kinds)) == {"x"}
    assert set(repeated(frame, covariates=("x",), **kinds)) == {"y"}
