"""Agreement against published numbers, the R packages psych and irrCAC, and statsmodels."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.inter_rater import cohens_kappa, fleiss_kappa

from clam_core.reading_study.agreement.intraclass import intraclass
from clam_core.reading_study.agreement.kappa import many_readers, share_agreed, weighted_kappa
from clam_core.reading_study.agreement.limits_of_agreement import limits_of_agreement
from clam_core.reading_study.agreement.of_readers import agreement_of
from clam_core.reading_study.protocol import Item, Question

# Krippendorff's table as in the R package irrCAC (cac.raw4raters); 0 is missing.
RAW_4_RATERS = np.array(
    [[1, 1, 0, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
     [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [0, 5, 5, 5], [0, 0, 1, 1], [0, 0, 3, 0]]
) - 1  # fmt: skip
# Shrout and Fleiss 1979, table 2.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7.0]]
)
# Bland and Altman 1986: peak expiratory flow, Wright meter and mini meter, first readings.
WRIGHT = [494, 395, 516, 434, 476, 557, 413, 442, 650, 433, 417, 656, 267, 478, 178, 423, 427]
MINI = [512, 430, 520, 428, 500, 600, 364, 380, 658, 445, 432, 626, 260, 477, 259, 350, 451]


def two_readers(seed=3, n=60):
    rng = np.random.default_rng(seed)
    first = rng.integers(0, 5, n)
    return first, np.clip(first + rng.integers(-1, 2, n), 0, 4)


@pytest.mark.parametrize(
    ("seed", "weights"), [(3, "none"), (3, "linear"), (3, "quadratic"), (8, "linear")]
)
def test_kappa_and_its_interval_are_near_those_of_statsmodels(seed, weights):
    first, second = two_readers(seed)
    table = np.zeros((5, 5))
    np.add.at(table, (first, second), 1)
    known = cohens_kappa(table, wt=None if weights == "none" else weights)
    found = weighted_kappa(first, second, 5, weights, np.arange(60))
    assert found.value == pytest.approx(known.kappa, abs=1e-12)
    assert found.n == 60
    # One interval is resampled, the other asymptotic.
    assert found.low == pytest.approx(known.kappa_low, abs=0.03)
    assert found.high == pytest.approx(known.kappa_upp, abs=0.03)


def test_levels_that_nobody_used_still_count():
    first, second = np.array([0, 1, 1, 2]), np.array([0, 1, 2, 2])
    wide = weighted_kappa(first, second, 5, "linear", np.arange(4)).value
    narrow = weighted_kappa(first, second, 3, "linear", np.arange(4)).value
    # Linear weights are relative: 1 step of 4, or of 2; kappa is a ratio and stays.
    assert wide == pytest.approx(narrow)
    by_hand = 1 - (1 / 4) / (14 / 16)  # seen and expected mean distance
    assert wide == pytest.approx(by_hand)


def test_scans_of_one_subject_are_drawn_together():
    first, second = two_readers(n=40)
    alone = weighted_kappa(first, second, 5, "quadratic", np.arange(40))
    doubled = weighted_kappa(
        np.repeat(first, 4), np.repeat(second, 4), 5, "quadratic", np.repeat(np.arange(40), 4)
    )
    assert doubled.value == pytest.approx(alone.value)
    assert doubled.high - doubled.low == pytest.approx(alone.high - alone.low, rel=1e-9)


def test_gwet_and_fleiss_are_those_of_irrcac():
    found = many_readers(RAW_4_RATERS, 5, "none", np.arange(12), "gwet")
    assert found.value == pytest.approx(0.77544, abs=5e-6)  # gwet.ac1.raw(cac.raw4raters)
    assert found.n == 11
    fleiss = many_readers(RAW_4_RATERS, 5, "none", np.arange(12), "fleiss")
    assert fleiss.value == pytest.approx(0.76117, abs=5e-6)  # fleiss.kappa.raw
    # Standard errors there are 0.14295 and 0.15302.
    assert (found.high - found.low) / 3.92 == pytest.approx(0.143, abs=0.03)
    assert (fleiss.high - fleiss.low) / 3.92 == pytest.approx(0.153, abs=0.03)


def test_fleiss_is_that_of_statsmodels():
    ratings = np.random.default_rng(2).integers(0, 4, (30, 3))
    ratings[:, 1] = np.where(ratings[:, 2] > 1, ratings[:, 0], ratings[:, 1])
    counts = np.stack([(ratings == level).sum(axis=1) for level in range(4)], axis=1)
    found = many_readers(ratings, 4, "none", np.arange(30), "fleiss")
    assert found.value == pytest.approx(fleiss_kappa(counts))


def test_intraclass_correlation_is_as_published():
    random, fixed = intraclass(SHROUT_FLEISS, "2,1"), intraclass(SHROUT_FLEISS, "3,1")
    # psych 2.2.9, ICC(x, lmer = FALSE); published are .29 and .71.
    assert (random.value, random.low, random.high) == pytest.approx(
        (0.28976378, 0.018786513, 0.76108437), abs=1e-7
    )
    assert (fixed.value, fixed.low, fixed.high) == pytest.approx(
        (0.71484071, 0.342464765, 0.94585826), abs=1e-7
    )


def test_a_reader_who_is_always_higher_spoils_agreement_not_consistency():
    first = np.array([10.0, 20, 35, 50, 80])
    values = np.column_stack([first, first + 10])
    assert intraclass(values, "3,1").value == pytest.approx(1)
    assert 0.8 < intraclass(values, "2,1").value < 0.99
    assert np.isnan(intraclass(np.full((5, 2), 3.0), "2,1").value)


def test_limits_of_agreement_are_as_published():
    found = limits_of_agreement(np.array(WRIGHT, float), np.array(MINI, float))
    assert found.bias[0] == pytest.approx(-2.1, abs=0.05)
    assert found.bias[1:] == pytest.approx((-22.0, 17.8), abs=0.1)
    # Published with 2 s = 77.6 and its error 16.3, here 1.96 s.
    spread = np.std(np.subtract(WRIGHT, MINI), ddof=1)
    assert spread == pytest.approx(38.8, abs=0.05)
    assert found.upper[0] == pytest.approx(-2.1176 + 1.96 * spread, abs=1e-3)
    assert (found.lower[0] - found.lower[1]) == pytest.approx(2.12 * 16.3, abs=0.1)


def ask(kind, **more):
    item = Item(name="x", label="X", kind=kind, **more)
    return Question("x", "X", item)


def measures(table):
    return dict(zip(table["measure"], table["value"], strict=True))


def test_every_kind_has_its_measures():
    first, second = two_readers()
    values = pd.DataFrame({"A": first, "B": second})
    subjects = pd.Series([f"P{n}" for n in range(60)])
    graded = measures(agreement_of(ask("grades"), values, subjects))
    assert set(graded) == {
        "same value", "weighted kappa (quadratic)", "weighted kappa (linear)",
        "Gwet's AC2 (quadratic)",
    }  # fmt: skip
    assert graded["same value"] == pytest.approx(np.mean(first == second))
    numbers = measures(agreement_of(ask("percent"), values, subjects))
    assert list(numbers)[:3] == ["ICC(2,1)", "ICC(3,1)", "mean difference"]
    assert numbers["mean difference"] == pytest.approx(np.mean(first - second))
    three = values.assign(C=first)
    found = agreement_of(ask("grades"), three, subjects)
    assert "Fleiss' kappa (quadratic)" in set(found["measure"])
    assert len(found[found["measure"] == "weighted kappa (linear)"]) == 3
    assert agreement_of(ask("text"), values, subjects).empty


def test_missing_values_are_left_out_pair_by_pair():
    first, second = two_readers()
    values = pd.DataFrame({"A": first, "B": second}).astype(object)
    values.iloc[:10, 0] = None
    values.iloc[50:, 1] = np.nan
    subjects = pd.Series([f"P{n}" for n in range(60)])
    found = agreement_of(ask("grades"), values, subjects)
    kept = weighted_kappa(first[10:50], second[10:50], 5, "linear", np.arange(40))
    assert measures(found)["weighted kappa (linear)"] == pytest.approx(kept.value)
    assert set(found["n"]) == {40}


def test_words_are_compared_as_words():
    question = ask("choice", words=("none", "central", "rim"))
    values = pd.DataFrame(
        {"A": ["none", "rim", "rim", "none"], "B": ["none", "rim", "none", "none"]}
    )
    found = measures(agreement_of(question, values, pd.Series(list("abcd"))))
    assert found["same value"] == 0.75
    assert found["kappa"] == pytest.approx(0.5)  # (.75 - .5) / (1 - .5)


def test_a_low_kappa_of_a_rare_finding_is_explained():
    values = pd.DataFrame({"A": [0] * 19 + [1], "B": [0] * 18 + [1, 0]})
    subjects = pd.Series(range(20)).astype(str)
    found = agreement_of(ask("yes_no"), values, subjects)
    row = found[found["measure"] == "kappa"].iloc[0]
    assert row["value"] < 0.1
    assert "90 % of the scans" in row["note"]
    assert measures(found)["Gwet's AC1"] > 0.85
    same = agreement_of(ask("yes_no"), pd.DataFrame({"A": [0] * 9, "B": [0] * 9}), subjects[:9])
    assert "not defined" in same[same["measure"] == "kappa"].iloc[0]["note"]


def test_nothing_to_compare_is_no_number():
    none = np.zeros(0, np.int64)
    assert np.isnan(weighted_kappa(none, none, 5, "linear", none).value)
    assert np.isnan(intraclass(np.zeros((0, 2)), "2,1").value)
    assert np.isnan(share_agreed(np.full((3, 2), -1)))
