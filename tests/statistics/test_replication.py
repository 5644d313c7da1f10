"""Agreement of clusters and effects in two cohorts, against metafor 3.8-1 of R and by hand."""

import numpy as np
import pandas as pd
import pytest

from clam_core.settings import AssociateSettings
from clam_core.statistics.cohort.assemble import Cohort
from clam_core.statistics.replication.agreement import agreement
from clam_core.statistics.replication.compare_cohorts import compare_cohorts
from clam_core.statistics.replication.meta_analysis import pool
from clam_core.tables.column_info import ColumnInfo


@pytest.mark.parametrize(
    ("yi", "sei", "fixed", "random", "tau2", "p"),
    [
        # rma(yi, sei = sei, method = "FE"), method = "DL".
        ([0.5, 1.4], [0.2, 0.3], (0.7769230769, 0.4507653549, 1.1030807990),
         (0.9222222222, 0.04192038615, 1.8025240583), 0.34, 0.0125549186),
        ([0.5, 0.6, 0.9], [0.2, 0.3, 0.1], (0.8020408163, 0.6340439034, 0.9700377293),
         (0.7278965809, 0.4448302818, 1.01096288), 0.02964285714, 0.1577192421),
        ([0.5, 0.6], [0.2, 0.3], (0.5307692308, 0.2046115088, 0.8569269528),
         (0.5307692308, 0.2046115088, 0.8569269528), 0.0, 0.7815112949),
    ],
)  # fmt: skip
def test_pooled_effects(yi, sei, fixed, random, tau2, p):
    found = pool(np.array(yi), np.array(sei))
    assert found.fixed == pytest.approx(fixed, abs=1e-8)
    assert found.random == pytest.approx(random, abs=1e-8)
    assert found.between == pytest.approx(tau2, abs=1e-9)
    assert found.heterogeneity_p == pytest.approx(p, abs=1e-8)


def test_prediction_strength_by_hand():
    # New cluster 1 keeps 1 of 3 pairs together, new cluster 2 all 3.
    found = agreement(np.array([0, 0, 1, 1, 1, 1]), np.array([5, 5, 5, 7, 7, 7]))
    assert found.of_clusters == pytest.approx((1 / 3, 1.0))
    assert found.prediction_strength == pytest.approx(1 / 3)
    assert "not found again" in found.sentence
    same = agreement(np.array([0, 0, 1, 1]), np.array([1, 1, 0, 0]))
    assert (same.prediction_strength, same.adjusted_rand) == (1.0, 1.0)
    single = agreement(np.array([0, 1]), np.array([0, 1]))
    assert np.isnan(single.prediction_strength) and "cannot be told" in single.sentence
    # Of the new cluster of 12, 9 and 3 go together: 36 + 3 of 66 pairs.
    part = agreement(np.repeat([0, 1], [9, 13]), np.repeat([0, 1], [12, 10]))
    assert part.prediction_strength == pytest.approx(39 / 66) and "in part" in part.sentence


def test_frozen_clusters_that_put_nearly_all_into_one_are_not_found_again():
    # All pairs of one new cluster, and 55 of 66 of the other, stay together.
    found = agreement(np.repeat([0, 1], [23, 1]), np.repeat([0, 1], [12, 12]))
    assert found.prediction_strength == pytest.approx(55 / 66)
    assert found.adjusted_rand < 0.1
    assert "do not tell apart what new ones do" in found.sentence


COLUMNS = {
    "fvc": ColumnInfo("fvc", "FVC", "continuous"),
    "cough": ColumnInfo("cough", "Cough", "binary", levels=("no", "yes")),
    "shoe": ColumnInfo("shoe", "Shoe", "continuous"),
    "turned": ColumnInfo("turned", "Turned", "continuous"),
    "kernel": ColumnInfo("kernel", "Kernel", "continuous", family="acquisition"),
}


def cohort(rng, turn):
    labels = np.repeat([1, 2], 60)
    one = labels == 1
    frame = pd.DataFrame(
        {"fvc": rng.normal(3, 1, 120) + one, "shoe": rng.normal(42, 3, 120),
         "turned": rng.normal(0, 1, 120) + turn * one, "kernel": rng.normal(0, 1, 120) + 3 * one,
         "cough": np.where(rng.uniform(size=120) < np.where(one, 0.8, 0.2), "yes", "no")}
    )  # fmt: skip
    return Cohort(frame, COLUMNS, labels, None, None, ())


def test_what_is_replicated_and_what_is_not():
    rng = np.random.default_rng(0)
    first, second = cohort(rng, 1), cohort(rng, -1)
    rows = compare_cohorts(first, second, AssociateSettings()).set_index("variable")
    assert rows["verdict"].to_dict() == {
        "fvc": "replicated",
        "cough": "replicated",
        "shoe": "not found in the first cohort",
        "turned": "not replicated (opposite direction, p below 0.05)",
    }
    from scipy.stats import ttest_ind

    a, b = (first.frame["fvc"][first.labels == n] for n in (1, 2))
    test = ttest_ind(a, b, equal_var=False)
    ends = test.confidence_interval()
    row = rows.loc["fvc"]
    assert row["first_effect"] == pytest.approx(a.mean() - b.mean())
    assert (row["first_ci_low"], row["first_ci_high"]) == pytest.approx((ends.low, ends.high))
    assert row["first_p_value"] == pytest.approx(test.pvalue)
    yes = [(c.frame["cough"] == "yes").to_numpy() for c in (first, second)]
    x = [yes[0][first.labels == n].sum() + 0.5 for n in (1, 2)]
    assert rows.loc["cough", "first_effect"] == pytest.approx(
        x[0] / (61 - x[0]) / (x[1] / (61 - x[1]))
    )
    assert rows.loc["turned", "heterogeneity_p"] < 1e-6
    used = AssociateSettings(used_in_clustering=("fvc",))
    assert "fvc" not in set(compare_cohorts(first, second, used)["variable"])


def test_what_is_found_only_before_correction_is_not_found():
    rng = np.random.default_rng(3)
    names = [f"noise{number}" for number in range(60)]
    columns = {name: ColumnInfo(name, name, "continuous") for name in names}
    labels = np.repeat([1, 2], 40)
    drawn = [pd.DataFrame(rng.normal(size=(80, 60)), columns=names) for _ in range(2)]
    first, second = (Cohort(frame, columns, labels, None, None, ()) for frame in drawn)
    rows = compare_cohorts(first, second, AssociateSettings())
    assert (rows["first_p_value"] < 0.05).any()
    assert (rows["first_p_adjusted"] > 0.05).all()
    assert (rows["verdict"] == "not found in the first cohort").all()
