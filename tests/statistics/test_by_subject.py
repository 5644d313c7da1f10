"""All scans of a subject: R's clubSandwich, copies that change nothing, and shuffled subjects."""

import numpy as np
import pytest
from scipy import stats

from clam_core.statistics.cohort.groups import group
from clam_core.statistics.dependence.all_scans import (
    by_subject,
    pairs_by_subject,
    sizes_in_subjects,
    with_enough_subjects,
)
from clam_core.statistics.dependence.reduced_bias import fit_reduced_bias
from clam_core.statistics.dependence.shuffled_subjects import shuffle_subjects
from clam_core.statistics.models.adjust import Outcome, adjust
from clam_core.statistics.models.design import Covariates, cluster_columns
from clam_core.statistics.result import NotTestableError
from tests.statistics.published import read_table

# nlme::Orthodont (Potthoff & Roy 1964) without rows 2, 3, 7, 20, 21, 22, 50, 90 and 91; `third` is
# the number of the level of Subject modulo 3.
NUMBERS, HEADER = read_table("orthodont.csv")
DISTANCE, AGE, MALE, SUBJECT, THIRD = (
    NUMBERS[:, HEADER.index(name)] for name in ("distance", "age", "male", "subject", "third")
)
SUBJECTS = np.unique(SUBJECT, return_inverse=True)[1]
ONE = np.ones(len(DISTANCE))


def fitted(columns, weights, tested):
    design = np.column_stack([ONE, *columns])
    return fit_reduced_bias(DISTANCE, design, SUBJECTS, weights, np.array(tested))


def test_two_groups_as_in_r():
    # R 4.2, clubSandwich 0.5.8: m <- lm(distance ~ Sex); coef_test(m, vcovCR(m, cluster = Subject,
    # type = "CR2"), test = "Satterthwaite"): SE 0.825, df 21.5, p 0.0115.
    found = fitted([1 - MALE], ONE, [1])
    statistic, df = found.joint()
    assert np.sqrt(found.covariance[1, 1]) == pytest.approx(0.825, abs=5e-4)
    assert (found.df_of_each()[0], df) == pytest.approx((21.5, 21.5), abs=0.05)
    assert stats.f.sf(statistic, 1, df) == pytest.approx(0.0115, abs=5e-5)


@pytest.mark.parametrize(
    ("weighted", "errors", "each", "joint"),
    [
        # R 4.2, clubSandwich 0.5.8: m <- lm(distance ~ third + age, weights = w); coef_test as
        # above; Wald_test(m, constrain_zero(2:3), vcov, test = "HTZ"): F, df_denom, p.
        (False, (1.0855539125078, 1.0493513550907), (15.2052117988, 15.5629170965),
         (0.393099264955, 16.3245032602, 0.681181381892)),
        (True, (1.0789669795817, 1.0801463293796), (14.5710078203, 15.1804548389),
         (0.556466858775, 15.8062570766, 0.58406103066)),
    ],
)  # fmt: skip
def test_a_joint_test_as_in_r(weighted, errors, each, joint):
    weights = 1 / np.bincount(SUBJECTS)[SUBJECTS] if weighted else ONE
    found = fitted([THIRD == 1, THIRD == 2, AGE], weights, [1, 2])
    assert np.sqrt(np.diag(found.covariance))[1:3] == pytest.approx(errors, abs=1e-9)
    assert found.df_of_each() == pytest.approx(each, abs=1e-8)
    statistic, df = found.joint()
    p_value = stats.f.sf(statistic, 2, df)
    assert (statistic, df, p_value) == pytest.approx(joint, abs=1e-9)


def a_cohort(rng, kind, n_subjects=40, n_clusters=3):
    values = {
        "continuous": lambda: rng.normal(size=n_subjects),
        "count": lambda: rng.poisson(2, n_subjects).astype(float),
        "ordinal": lambda: rng.integers(0, 4, n_subjects).astype(float),
        "nominal": lambda: rng.integers(0, 3, n_subjects).astype(float),
        "binary": lambda: rng.integers(0, 2, n_subjects).astype(float),
    }[kind]()
    return values, np.arange(n_subjects) % n_clusters + 1


@pytest.mark.parametrize("kind", ["continuous", "count", "ordinal", "nominal", "binary"])
@pytest.mark.parametrize("n_clusters", [2, 3])
def test_copies_of_subjects_change_nothing(kind, n_clusters):
    rng = np.random.default_rng(3)
    values, labels = a_cohort(rng, kind, n_clusters=n_clusters)
    copies = rng.integers(1, 8, len(values))
    found = []
    for times in (np.ones(len(values), dtype=int), np.full(len(values), 10), copies):
        rows = np.repeat(np.arange(len(values)), times)
        one = Outcome(kind, values[rows], labels[rows], rows)
        groups = group(one.values, one.labels)
        tested, effect, _ = by_subject(one, groups)
        sizes = sizes_in_subjects(one, groups.clusters)
        assert sizes == pytest.approx(np.bincount(labels)[1:])
        numbers = (tested.statistic, effect.size, effect.ci_high)
        found.append(numbers)
        shuffled = "shuffled" in tested.test
        assert shuffled == (kind in {"nominal", "binary"} or (kind == "count" and n_clusters == 3))
    assert found[1] == pytest.approx(found[0], rel=1e-6)
    # Where copies differ in number, ranks and means are the same, and the df is nearly so.
    assert found[2][1] == pytest.approx(found[0][1], abs=0.02)


def test_one_row_each_is_like_welch():
    rng = np.random.default_rng(0)
    labels = np.repeat([1, 2], [12, 30])
    y = rng.normal(0.8 * (labels == 1), np.where(labels == 1, 2, 1))
    tested, effect, bare = by_subject(
        Outcome("continuous", y, labels, np.arange(42)), group(y, labels)
    )
    welch = stats.ttest_ind(y[labels == 1], y[labels == 2], equal_var=False)
    # HC2 of two means is Welch's error; only the degrees of freedom are estimated otherwise.
    assert tested.statistic == pytest.approx(welch.statistic**2)
    assert tested.p_value == pytest.approx(welch.pvalue, rel=0.5)
    assert (effect.name, bare.name) == ("mean_difference", "standardized_difference")
    assert effect.size == pytest.approx(y[labels == 1].mean() - y[labels == 2].mean())
    assert (effect.ci_low > 0 or effect.ci_high < 0) == (tested.p_value < 0.05)


def test_the_ordinal_effect_is_the_rank_biserial_correlation():
    rng = np.random.default_rng(5)
    labels = np.repeat([1, 2], 20)
    y = rng.integers(0, 5, 40).astype(float)
    _, effect, _ = by_subject(Outcome("ordinal", y, labels, np.arange(40)), group(y, labels))
    pairs = np.sign(y[labels == 1][:, None] - y[labels == 2][None, :])
    assert (effect.name, effect.size) == ("rank_biserial", pytest.approx(pairs.mean()))


def test_shuffles_of_single_rows_are_the_test_of_independence():
    rng = np.random.default_rng(1)
    x, y = rng.integers(0, 3, 120), rng.integers(0, 4, 120)
    tested = (x[:, None] == [1, 2]) - np.array([(x == 1).mean(), (x == 2).mean()])
    values = (y[:, None] == [1, 2, 3]) - np.array([(y == one).mean() for one in (1, 2, 3)])
    found = shuffle_subjects(tested, values, np.arange(120), 4999, np.random.default_rng(0))
    theirs = stats.chi2_contingency(stats.contingency.crosstab(x, y).count, correction=False)
    # Pearson's chi-square times (n - 1) / n is the one of shuffled rows (Mantel 1963).
    assert found.statistic == pytest.approx(theirs.statistic * 119 / 120)
    assert (found.df, found.p_value) == (6, pytest.approx(theirs.pvalue, abs=0.02))


def test_rows_are_shuffled_within_their_subject_where_clusters_differ_there():
    # Each subject has a row in both clusters, and the one in cluster 2 is always larger.
    rng = np.random.default_rng(2)
    subjects = np.repeat(np.arange(30), 2)
    labels = np.tile([1, 2], 30)
    y = 10 * rng.normal(size=30)[subjects] + labels
    noisy = y + 0.1 * rng.normal(size=60)
    levels = (labels == 2) * 1.0
    for kind, values in (("continuous", y), ("continuous", noisy), ("binary", levels)):
        outcome = Outcome(kind, values, labels, subjects)
        assert by_subject(outcome, group(values, labels))[0].p_value < 0.01
    # A value that is the same in all rows of a subject says nothing where all are in both clusters.
    same = Outcome("binary", (np.arange(30) % 2)[subjects] * 1.0, labels, subjects)
    with pytest.raises(NotTestableError, match="fall to the clusters alike"):
        by_subject(same, group(same.values, labels))


@pytest.mark.parametrize("seed", range(3))
def test_a_rare_or_separated_level_is_no_finding(seed):
    # Three of 40 patients have a level, on all of their scans: Clogg's prior with a covariance by
    # subject gave p = 1e-13 for such columns.
    rng = np.random.default_rng(seed)
    subjects = np.repeat(np.arange(40), 6)
    labels = (np.arange(40) % 2 + 1)[subjects]
    level = np.where(np.isin(subjects, [1, 3]), 2.0, rng.integers(0, 2, 40)[subjects])
    for kind in ("nominal", "ordinal"):
        tested = by_subject(Outcome(kind, level, labels, subjects), group(level, labels))[0]
        assert tested.p_value > 0.05
    few = np.where(np.isin(subjects, [1, 3, 5]), 30.0, 0.0)
    for kind in ("count", "continuous", "binary"):
        tested = by_subject(Outcome(kind, few, labels, subjects), group(few, labels))[0]
        assert "shuffled" in tested.test and tested.p_value > 0.05


def test_few_subjects_in_a_cluster_are_left_out_or_said():
    labels = np.repeat([1, 2, 3], [20, 20, 4])
    subjects = np.r_[np.repeat(np.arange(20), 2), [20, 20, 21, 21]]
    y = np.random.default_rng(0).normal(size=44)
    outcome = Outcome("continuous", y, labels, subjects)
    kept = with_enough_subjects(outcome, group(y, labels))
    assert (kept.clusters.tolist(), kept.left_out, kept.n) == ([1, 2], (3,), 40)
    assert len(pairs_by_subject(outcome, group(y, labels)).dropna(subset="p_value")) == 1
    two = Outcome("continuous", y[20:], labels[20:], subjects[20:])
    with pytest.raises(NotTestableError, match="cluster 3 has 2 subjects"):
        with_enough_subjects(two, group(two.values, two.labels))
    crowd = Outcome("continuous", y, np.tile([1, 2], 22), np.arange(44) % 8)
    with pytest.raises(NotTestableError, match="fewer than 10 subjects"):
        by_subject(crowd, group(crowd.values, crowd.labels))


@pytest.mark.parametrize("kind", ["continuous", "nominal", "ordinal"])
def test_a_confounded_difference_goes_away_with_all_scans(kind):
    rng = np.random.default_rng(4)
    subjects = np.repeat(np.arange(150), rng.integers(1, 4, 150))
    age = rng.normal(size=150)
    labels = np.where(age + rng.normal(size=150) > 0, 1, 2)[subjects]
    y = 2 * age[subjects] + rng.normal(size=150)[subjects]
    y = y if kind == "continuous" else np.digitize(y, [-1.5, 1.5]).astype(float)
    covariates = Covariates(("age",), {"age": age[subjects][:, None]}, {})
    found = adjust(Outcome(kind, y, labels, subjects), covariates)
    assert found.crude.p_value < 0.005 and found.adjusted.p_value > 0.01
    if kind == "continuous":
        assert found.contrasts["scale"].tolist() == ["mean_difference"]
        assert abs(found.contrasts["adjusted"][0]) < abs(found.contrasts["crude"][0]) / 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["continuous", "ordinal", "count", "nominal", "rare"])
@pytest.mark.parametrize("sizes", [(9, 3), (36, 4), (8, 8, 8), (40, 10, 10)])
def test_shares_of_small_p_values_stay_below_6_percent(kind, sizes):
    rng = np.random.default_rng(11)
    labels = np.repeat(np.arange(1, len(sizes) + 1), sizes)
    p_values = []
    for _ in range(1000):
        subjects = np.repeat(np.arange(len(labels)), 1 + rng.poisson(1.5, len(labels)))
        z = 0.8 * rng.normal(size=len(labels))[subjects] + 0.6 * rng.normal(size=len(subjects))
        y = {
            "continuous": z,
            "ordinal": np.digitize(z, [-0.5, 0.3, 1, 1.6]),
            "count": rng.poisson(np.exp(z / 2)),
            "nominal": np.digitize(z, [0.5, 1.6]),
            "rare": np.digitize(z, [1.5, 2.2]),
        }[kind].astype(float)
        of = "nominal" if kind == "rare" else kind
        one = Outcome(of, y, labels[subjects], subjects, 199, int(rng.integers(1 << 30)))
        if len(np.unique(y)) > 1:
            rows = np.ones(len(y), dtype=bool)
            p_values.append(one.test(rows, cluster_columns(one.labels)).p_value)
    share = np.mean(np.array(p_values) < 0.05)
    assert share < 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / len(p_values))
