"""Small p-values computed again by shuffles: statistics, draws, and what the headline claims."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clam_core.settings import AssociateSettings
from clam_core.statistics.compare_clusters import associate
from clam_core.statistics.headline import claimed, qualifications
from clam_core.statistics.models.design import cluster_columns
from clam_core.statistics.models.fitted_model import NotEstimableError, wald
from clam_core.statistics.models.linear import fit_linear
from clam_core.statistics.models.regression import Problem, joint_test
from clam_core.statistics.shuffles import claims_by_shuffles
from clam_core.statistics.shuffles.claims_by_shuffles import shuffled_p_values
from clam_core.statistics.shuffles.null_of_problem import null_of
from clam_core.statistics.shuffles.redrawn_levels import RedrawnLevels
from clam_core.statistics.shuffles.shuffled_residuals import shuffled_residuals
from clam_core.tables.column_info import ColumnInfo

LABELS = np.repeat([1, 2, 3], (40, 12, 8)).astype(np.int64)
N = len(LABELS)
NONE = np.empty((N, 0))


def problem(kind, y, covariates=NONE, labels=LABELS):
    return Problem(kind, y, cluster_columns(labels), covariates)


def of_kind(kind, rng, shift):
    n = len(shift)
    if kind == "continuous":
        return shift + rng.normal(size=n)
    if kind == "count":
        return rng.negative_binomial(2, 2 / (2 + 3 * np.exp(shift))).astype(float)
    latent = shift + rng.logistic(size=n)
    if kind == "binary":
        return (latent > 0.4).astype(float)
    if kind == "ordinal":
        return np.searchsorted([-0.5, 0.8], latent).astype(float)
    return (rng.gumbel(size=(n, 3)) + np.outer(shift, [0, 1, -1])).argmax(axis=1).astype(float)


KINDS = ("continuous", "count", "binary", "ordinal", "nominal")


def test_without_covariates_the_statistic_is_that_of_welch():
    y = np.random.default_rng(0).normal(size=N)
    sizes, means, variances = (
        np.array([f(y[c == LABELS]) for c in (1, 2, 3)])
        for f in (len, np.mean, lambda x: np.var(x, ddof=1))
    )
    weights = sizes / variances
    expected = (weights * (means - (weights * means).sum() / weights.sum()) ** 2).sum()
    assert null_of(problem("continuous", y)).observed == pytest.approx(expected, rel=1e-6)
    two = LABELS < 3
    t = stats.ttest_ind(y[LABELS == 1], y[LABELS == 2], equal_var=False).statistic
    found = null_of(Problem("continuous", y[two], cluster_columns(LABELS[two]), NONE[two]))
    assert found.observed == pytest.approx(t**2, rel=1e-6)


def test_with_covariates_it_is_that_of_the_adjusted_model():
    rng = np.random.default_rng(1)
    x = np.column_stack([rng.normal(size=N), rng.integers(0, 2, N)])
    y = 1e3 * (x[:, 0] + rng.normal(size=N) * (1 + (LABELS == 3)))
    one = problem("continuous", y, x)
    expected = wald(fit_linear(y, one.design), one.positions)
    assert null_of(one).observed == pytest.approx(expected, rel=1e-6)
    # Units of a covariate change nothing.
    assert null_of(problem("continuous", y, x * [1e6, 1e-6])).observed == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["binary", "nominal"])
def test_the_score_of_levels_is_that_of_pearson(kind):
    y = of_kind(kind, np.random.default_rng(2), np.zeros(N))
    expected = stats.chi2_contingency(pd.crosstab(y, LABELS), correction=False).statistic
    assert null_of(problem(kind, y)).observed == pytest.approx(expected, rel=1e-6)


def test_the_score_of_ordered_levels_is_that_of_kruskal_and_wallis():
    # McCullagh (1980): the scores of proportional odds are ranks; H takes n - 1 for n.
    y = of_kind("ordinal", np.random.default_rng(3), np.zeros(N))
    one = problem("ordinal", y)
    expected = stats.kruskal(*(y[c == LABELS] for c in (1, 2, 3))).statistic * N / (N - 1)
    assert null_of(one).observed == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_p_by_shuffles_is_close_to_that_of_the_model_in_many_rows(kind):
    rng = np.random.default_rng(4)
    labels = np.repeat([1, 2, 3], 200).astype(np.int64)
    x = rng.normal(size=(600, 1))
    effect = 0.15 if kind in {"continuous", "count"} else 0.4
    y = of_kind(kind, rng, 0.4 * x[:, 0] + effect * (labels == 2))
    one = Problem(kind, y, cluster_columns(labels), x)
    p = joint_test(one).p_value
    null = null_of(one)
    share = np.mean(null.draw(4000, (0, 600, 0)) >= null.observed)
    assert 1e-3 < p < 0.6
    assert share == pytest.approx(p, abs=4 * np.sqrt(p / 4000) + 0.1 * p)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_p_by_shuffles_is_uniform_in_small_clusters(kind):
    rng = np.random.default_rng(5)
    small = []
    for place in range(600):
        x = rng.normal(size=(N, 1))
        try:
            null = null_of(problem(kind, of_kind(kind, rng, 0.4 * x[:, 0]), x))
        except NotEstimableError:
            continue
        small.append(np.mean(null.draw(199, (place,)) >= null.observed) < 0.05)
    assert 0.025 < np.mean(small) < 0.075  # 2.8 standard errors


def test_a_row_alone_on_its_coefficient_and_a_cluster_without_spread_do_no_harm():
    y = np.random.default_rng(6).normal(size=N)
    alone = np.zeros((N, 1))
    alone[0] = 1
    null = null_of(problem("continuous", y, alone))
    assert np.isfinite(null.draw(50, (0,))).all()
    y[:50] = 0.0
    drawn = null_of(problem("continuous", y)).draw(200, (0,))
    assert np.isfinite(drawn).all()  # shuffles of zeros alone leave two clusters without spread
    with pytest.raises(NotEstimableError):
        shuffled_residuals(y, np.ones((N, 2)), cluster_columns(LABELS), power=1)


def test_separated_levels_are_ranked():
    x = np.linspace(-1, 1, N)[:, None]
    y = (x[:, 0] > 0).astype(float)
    null = null_of(problem("binary", y, x, np.tile([1, 2, 3], N // 3)))
    assert np.mean(null.draw(500, (0,)) >= null.observed) > 0.1
    three = (x[:, 0] > 0).astype(float) + (x[:, 0] > 0.5)
    with pytest.raises(NotEstimableError):
        null_of(problem("nominal", three, x, np.tile([1, 2, 3], N // 3)))


@pytest.mark.parametrize(("below", "level"), [([1, 1, 1], 0), ([0, 1, 1], 1), ([0, 0, 1], 2)])
def test_a_level_that_is_certain_is_drawn(below, level):
    scores = np.tile(np.array([[1.0], [10.0], [100.0]]), (4, 1, 1))
    levels = RedrawnLevels(
        np.zeros(4, dtype=np.intp), np.tile(np.array(below, float), (4, 1)), scores
    )
    assert levels.observed == 4.0**2
    assert (levels.draw(5, (0,)) == (4 * 10.0**level) ** 2).all()


class Known:
    """Draws of which a known share is as extreme as what was seen."""

    observed = 1.0

    def __init__(self, share):
        self.share, self.made = share, 0

    def draw(self, count, key):
        assert key == (0, 9, self.made)
        self.made += count
        return (np.random.default_rng(key).uniform(size=count) < self.share).astype(float)


def shares_of(p_values, true, monkeypatch):
    nulls = [Known(one) for one in true]
    monkeypatch.setattr(claims_by_shuffles, "null_of", lambda problem: problem.null)
    problems = {
        place: type("P", (), {"y": np.zeros(9), "null": null})()
        for place, null in enumerate(nulls)
        if np.isfinite(p_values[place])
    }
    found = shuffled_p_values(np.array(p_values), problems, "bh", 0)
    return found, [null.made for null in nulls]


def test_draws_are_made_only_where_they_can_change_a_claim(monkeypatch):
    p = [1e-9, 0.0005, 0.03, 0.2, np.nan, *[0.9] * 19]
    found, made = shares_of(p, [0.0, 0.03, 0.5, 0.5, 0.5, *[0.5] * 19], monkeypatch)
    # 23 counted: 0.03 and more are not claimed whatever shuffles say.
    assert made[2:] == [0] * 22 and np.isnan(found[2:]).all()
    assert found[0] == 1 / (made[0] + 1) and made[0] >= 1999
    # Three in a hundred is far from what 23 variables need (0.2 %): known after the first stage.
    assert made[1] == 499 and found[1] == pytest.approx(0.03, abs=0.025)


def test_more_is_drawn_near_the_border_and_no_more_than_variables_need(monkeypatch):
    _, made = shares_of([5e-5, *[0.9] * 499], [1.2e-4, *[0.5] * 499], monkeypatch)
    assert made[0] == 99_999
    _, made = shares_of([1e-4, *[0.9] * 23], [0.0021, *[0.5] * 23], monkeypatch)
    assert made[0] == 24 * 200
    # A hundred of 500 that are as strong as this are claimed after the first stage.
    _, made = shares_of([*[1e-9] * 100, *[0.9] * 400], [0.0] * 500, monkeypatch)
    assert made[:100] == [499] * 100
    # At the border of a lone variable a tenth of the share is exact enough.
    _, made = shares_of([0.01], [0.05], monkeypatch)
    assert made[0] == 1999
    _, made = shares_of([0.01, *[1e-9] * 499], [0.049, *[0.0] * 499], monkeypatch)
    assert made[0] <= 9999


def test_the_smallest_p_lets_a_lone_finding_pass(monkeypatch):
    found, _ = shares_of([1e-9, *[0.9] * 499], [0.0] * 500, monkeypatch)
    assert found[0] * 500 < 0.05


def compared(columns, labels=LABELS, **settings):
    ids = pd.Index([f"S{i:03d}" for i in range(len(labels))], name="scan_id")
    clusters = pd.DataFrame({"subject_id": list(ids), "cluster": labels}, index=ids)
    frame = pd.DataFrame({name: values for name, (_, values) in columns.items()}, index=ids)
    infos = [ColumnInfo(name, name, kind, family=name) for name, (kind, _) in columns.items()]
    return associate(clusters, frame, infos, AssociateSettings(n_resamples=99, **settings))


def many_columns():
    """A skewed column that Welch's test finds among 60 (p = 0.0001), and 59 that do not differ."""
    skewed = np.exp(1.2 * np.random.default_rng(545).normal(size=N))
    rng = np.random.default_rng(0)
    others = {f"c{i}": ("continuous", rng.permutation(np.arange(float(N)))) for i in range(59)}
    return {"skewed": ("continuous", skewed), **others}


def test_a_claim_that_small_clusters_made_is_taken_back_and_said():
    table = compared(many_columns())
    row = table.rows.set_index("variable").loc["skewed"]
    assert row["p_value"] == pytest.approx(0.000109, abs=1e-6)
    assert row["p_adjusted_all"] < 0.01  # the table keeps Welch's test
    assert 0.0008 < row["shuffled_p_value"] < 0.0025
    assert row["headline_p"] > 0.05
    assert table.rows["shuffled_p_value"].notna().sum() == 1
    said = qualifications(table.rows, [0.9], table.confounding, "bh")
    assert (
        "Small clusters can make a test find too much: 1 p-value was checked by shuffles; 1 did "
        "not stand and is not counted." in said
    )
    assert any(
        note.startswith("Found by a test, but not by shuffles") and "skewed (p by shuffles" in note
        for note in table.notes
    )


def test_a_finding_stands_and_the_strongest_comes_first():
    rng = np.random.default_rng(1)
    columns = {
        name: ("continuous", size * (LABELS == 2) + rng.normal(size=N))
        for name, size in (("a", 2.5), ("b", 4.0), ("c", 3.0))
    }
    table = compared(columns)
    # Shuffles give the same smallest p to all three; the tests tell them apart.
    assert table.rows["shuffled_p_value"].nunique() == 1
    assert claimed(table.rows)["variable"].tolist() == ["b", "c", "a"]
    said = qualifications(table.rows, [0.9], table.confounding, "bh")
    assert any("3 p-values were checked by shuffles; all stand." in one for one in said)
    again = compared(dict(reversed(columns.items()))).rows.set_index("variable")
    one = table.rows.set_index("variable")["shuffled_p_value"]
    assert one.equals(again.loc[one.index, "shuffled_p_value"])


def test_with_covariates_the_adjusted_test_is_checked():
    rng = np.random.default_rng(2)
    age = rng.normal(size=N)
    columns = {
        "age": ("continuous", age),
        "y": ("continuous", 3.0 * (LABELS == 3) + age + rng.normal(size=N)),
        "k": ("count", rng.poisson(np.exp(1 + 1.5 * (LABELS == 3))).astype(float)),
    }
    rows = compared(columns, adjust=("age",)).rows.set_index("variable")
    assert rows.loc[["y", "k"], "shuffled_p_value"].notna().all()
    assert np.isnan(rows.loc["age", "shuffled_p_value"])
    weighted = compared(columns, adjust=("age",), adjust_by="weights").rows
    assert weighted["shuffled_p_value"].isna().all()
    columns["age"] = ("continuous", np.where(np.arange(N) % 7, age, np.nan))
    imputed = compared(columns, adjust=("age",), impute=5).rows.set_index("variable")
    assert imputed.loc["y", "shuffled_p_value"] < 0.01
