"""Whether clusters are alike: R's numbers, bounds, several clusters, subjects with several rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import SettingsError, TableError
from clam_core.settings import AssociateSettings
from clam_core.statistics import associate
from clam_core.tables.column_info import ColumnInfo
from tests.statistics.made_cohorts import clusters_of

INFOS = [
    ColumnInfo("bwt", "Weight at birth", "continuous", unit="g"),
    ColumnInfo("age", "Age", "continuous"),
    ColumnInfo("low", "Low weight", "binary"),
]


@pytest.fixture(scope="module")
def births():
    # Hosmer & Lemeshow (1989), Applied logistic regression, as R's MASS ships them.
    table = pd.read_csv(Path(__file__).parent / "birthwt.csv")
    ids = pd.Index([f"S{row}" for row in range(len(table))], name="scan_id")
    clusters = clusters_of(table["race"].to_numpy()).set_axis(ids)
    return clusters, table[["bwt", "age", "low"]].set_axis(ids)


def alike(births, **settings):
    found = associate(*births, INFOS, AssociateSettings(**settings))
    return found, found.tables["equivalence"]


def test_intervals_and_p_are_those_of_two_one_sided_t_tests(births):
    # R 4.2.2: the interval of t.test(x, y, conf.level = 0.9), and the larger p of the tests with
    # mu = -300, alternative = "greater" and with mu = 300, alternative = "less".
    _, found = alike(births, equivalence={"bwt": 300})
    assert found["variable"].tolist() == ["bwt"] * 3
    names = ["difference", "ci_low", "ci_high", "p_value"]
    expected = [
        [383.0264423077, 138.3634657419, 627.6894188735, 0.7142596502],
        [297.4351679104, 106.4782819567, 488.3920538642, 0.4911449656],
        [-85.59127439724, -342.24605626088, 171.06350746639, 0.08385708113],
    ]
    assert found[names].to_numpy() == pytest.approx(np.array(expected), rel=1e-8)
    assert found["adjusted_p_value"].isna().all() and not found["is_alike"].any()


def test_alike_is_where_the_interval_lies_within_the_bounds(births):
    for bound in (343, 342):
        _, found = alike(births, equivalence={"bwt": bound})
        inside = (found["ci_low"] > -bound) & (found["ci_high"] < bound)
        assert (found["is_alike"] == inside).all() and found["is_alike"][2] == (bound == 343)


def test_a_bound_in_standard_deviations_is_for_all_numbers_but_those_named(births):
    clusters, frame = births
    found, table = alike(births, equivalence={"bwt": 300}, equivalence_sd=0.5)
    bounds = table.drop_duplicates("variable").set_index("variable")["bound"]
    spread = frame["age"] - frame["age"].groupby(clusters["cluster"]).transform("mean")
    assert bounds["age"] == pytest.approx(0.5 * np.sqrt((spread**2).sum() / (len(frame) - 3)))
    assert bounds["bwt"] == 300 and "low" not in bounds.index
    found, _ = alike(births, equivalence={"low": 0.1})
    assert any("Equivalence of Low weight was not tested: it is binary" in one
               for one in found.notes)  # fmt: skip


def test_covariates_are_held(births):
    found, table = alike(births, equivalence={"bwt": 400}, adjust=("age",))
    pair = found.contrasts.set_index("variable").loc["bwt"].iloc[2]
    row = table.iloc[2]
    assert row["adjusted_difference"] == pair["adjusted"]
    # 90 % of a t interval lies within the 95 % one, and both around the same middle.
    assert pair["adjusted_low"] < row["adjusted_low"] < row["adjusted_high"] < pair["adjusted_high"]
    inside = row["adjusted_low"] > -400 and row["adjusted_high"] < 400
    assert row["adjusted_is_alike"] == inside


def test_subjects_with_several_scans_count_once(births):
    clusters, frame = births
    rows = np.repeat(np.arange(len(frame)), 3)
    again = clusters.iloc[rows].set_axis([f"T{one}" for one in range(len(rows))])
    again.index.name = "scan_id"
    table = (again, frame.iloc[rows].set_axis(again.index))
    _, many = alike(table, equivalence={"bwt": 300}, repeated="cluster_robust")
    _, once = alike(births, equivalence={"bwt": 300})
    assert many["difference"].tolist() == pytest.approx(once["difference"].tolist())
    assert many["p_value"].tolist() == pytest.approx(once["p_value"].tolist(), rel=0.05)


def test_bounds_that_cannot_be_used_are_a_sentence(births):
    with pytest.raises(TableError, match="no column 'weight' whose clusters could be alike"):
        alike(births, equivalence={"weight": 1})
    with pytest.raises(SettingsError, match="equivalence"):
        AssociateSettings(equivalence={"bwt": -1})
