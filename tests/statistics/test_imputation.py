"""Missing covariates and unsure clusters: pooled as mice pools, imputed as mice imputes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from clam_core.errors import SettingsError
from clam_core.settings import AssociateSettings
from clam_core.statistics import associate
from clam_core.statistics.models.adjust import Outcome, adjust
from clam_core.statistics.models.adjust_imputed import adjust_imputed
from clam_core.statistics.models.design import build_covariates, cluster_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.imputation import completed
from clam_core.statistics.models.label_draws import drawn_test
from clam_core.statistics.models.linear import fit_linear, with_pooled_variance
from clam_core.statistics.models.pooling import df_of_several, pool_tests
from clam_core.statistics.models.regression import JointTest, Problem, joint_test
from clam_core.tables.column_info import ColumnInfo
from tests.statistics.made_cohorts import clusters_of


@pytest.fixture(scope="module")
def births():
    # Hosmer & Lemeshow (1989), Applied logistic regression, as R's MASS ships them.
    return pd.read_csv(Path(__file__).parent / "birthwt.csv")


def five_tables(births):
    """The completed tables that R was given: every fourth lwt from another row."""
    n = len(births)
    tables = []
    for i in range(1, 6):
        table, k = births.copy(), np.arange(4, n + 1, 4)
        donors = (k * (2 * i + 1) + 7 * i) % n
        table.loc[k - 1, "lwt"] = births["lwt"].to_numpy()[donors]
        tables.append(table)
    return tables


def classic(births, table):
    """R's lm(bwt ~ race + age + lwt) with its classic covariance."""
    tested = cluster_columns(births["race"].to_numpy())
    design = np.column_stack([np.ones(len(table)), tested, table[["age", "lwt"]]]).astype(float)
    y = births["bwt"].to_numpy(float)
    model = with_pooled_variance(fit_linear(y, design), y, design)
    none, at = np.empty(0), np.array([1, 2])
    ends = (model.coefficients[at], none, none)
    return JointTest("lm", len(y), np.nan, 2, 184, np.nan, *ends, fitted=model, tested=at)


def test_pooled_numbers_are_those_of_mice(births):
    # R 4.2.2, mice 3.15.0: summary(pool(as.mira(fits)), conf.int = TRUE) of five lm fits.
    found = pool_tests([classic(births, table) for table in five_tables(births)])
    model = found.fitted
    assert model.coefficients == pytest.approx(
        [2542.92054871450, -418.65061874649, -257.96853319865, 2.93082177929, 3.73822436579]
    )
    assert np.sqrt(np.diag(model.covariance)) == pytest.approx(
        [325.24215309026, 161.98784462804, 115.73014072154, 10.12650775834, 1.85157674237]
    )
    df = [model.df_of(point) for point in np.eye(5)]
    assert df == pytest.approx(
        [162.073480356, 179.425433534, 180.209623700, 181.503531586, 132.564269232]
    )
    assert found.low == pytest.approx([-738.2969543867091, -486.3290162178454])
    assert found.high == pytest.approx([-99.00428310627, -29.60805017946])
    # R, mitml 0.4.4: testModels(fits, fits without race, method = "D1", df.com = 184)
    numbers = (found.statistic, found.df, found.df_residual, found.p_value)
    assert numbers == pytest.approx((4.5298363927, 2, 181.082814197, 0.0120322540215))
    # and without df.com
    assert df_of_several(0.00782265239645, 2, 5, np.inf) == pytest.approx(37543.3796763)


def test_pooled_logistic_models_are_those_of_mice(births):
    # R: summary(pool(as.mira(fits), dfcom = Inf)) of glm(low ~ race + age + lwt, binomial)
    tested = cluster_columns(births["race"].to_numpy())
    low = births["low"].to_numpy(float)
    found = pool_tests([
        joint_test(Problem("binary", low, tested, table[["age", "lwt"]].to_numpy(float)))
        for table in five_tables(births)
    ])  # fmt: skip
    assert found.coefficients == pytest.approx([0.91687666507, 0.50148063511], rel=1e-5)
    assert found.low == pytest.approx([-0.04775458970, -0.19956118599], rel=1e-3)
    assert found.fitted.df_of(np.eye(5)[4]) == pytest.approx(1934.953835, rel=1e-2)


def test_imputed_covariates_are_those_of_mice(births):
    # R: x$lwt[age > 20 & even rows] <- NA (56); mice(x, m = 500, method = "pmm", maxit = 5,
    # seed = 1), pool(with(im, lm(bwt ~ race + age + lwt))): lwt 5.18557929, its variance within
    # 3.29056 and between 1.40119; race2 -435.66696112 (between 560.6). 500 draws of mice and 200 of
    # ours: four Monte-Carlo errors.
    lwt = births["lwt"].to_numpy(float).copy()
    lwt[(births["age"] > 20) & (np.arange(1, len(births) + 1) % 2 == 0)] = np.nan
    assert np.isnan(lwt).sum() == 56
    frame = pd.DataFrame({"age": births["age"], "lwt": lwt})
    infos = {name: ColumnInfo(name, name, "continuous") for name in frame}
    covariates = build_covariates(frame, infos, ["age", "lwt"])
    labels, y = births["race"].to_numpy(), births["bwt"].to_numpy(float)
    rng = np.random.default_rng(3)
    outcome = ((y - y.mean()) / y.std())[:, None]
    scale = np.nanstd(lwt)
    tests = []
    for table in completed(covariates, labels, outcome, 200, rng):
        values = table.matrix(len(y))
        seen = np.isfinite(covariates.blocks["lwt"][:, 0])
        assert (values[seen, 1] == covariates.blocks["lwt"][seen, 0]).all()
        assert set(values[~seen, 1]) <= set(values[seen, 1])
        tests.append(classic(births, births.assign(age=values[:, 0], lwt=values[:, 1] * scale)))
    points = np.array([one.fitted.coefficients for one in tests])
    between = points.var(axis=0, ddof=1)
    error = 4 * np.sqrt(1.40119 / 200 + 1.40119 / 500)
    assert points[:, 4].mean() == pytest.approx(5.18557929, abs=error)
    assert points[:, 1].mean() == pytest.approx(-435.66696, abs=4 * np.sqrt(560.6 / 140))
    assert between[4] == pytest.approx(1.40119, rel=0.4)
    assert between[1] == pytest.approx(560.55346, rel=0.4)


def test_rows_without_a_covariate_are_kept_and_the_bias_of_leaving_them_out_goes():
    # Values are missing where the variable is high: complete rows see another difference.
    rng = np.random.default_rng(8)
    n = 800
    labels = np.tile([1, 2], n // 2)
    age = rng.normal(size=n) + (labels == 1)
    y = age + (labels == 1) + 0.5 * rng.normal(size=n)
    seen = age.copy()
    seen[(y > 1) & (rng.uniform(size=n) < 0.8)] = np.nan
    infos = {"age": ColumnInfo("age", "age", "continuous")}
    covariates = build_covariates(pd.DataFrame({"age": seen}), infos, ["age"])
    outcome = Outcome("continuous", y, labels)
    found = adjust_imputed(outcome, covariates, "regression", 20)
    left_out = adjust(outcome, covariates)
    assert found.n == n and left_out.n < 0.75 * n
    assert abs(found.adjusted_effect.size - 1) < abs(left_out.adjusted_effect.size - 1)
    assert found.adjusted_effect.ci_low < 1 < found.adjusted_effect.ci_high
    assert found.adjusted.model == "linear model, HC3, 20 tables pooled"
    again = adjust_imputed(outcome, covariates, "regression", 20)
    assert again.adjusted.p_value == found.adjusted.p_value
    row = found.contrasts.iloc[0]
    assert row["adjusted"] == pytest.approx(found.adjusted_effect.size)
    assert row["adjusted_df"] < n - 3
    assert found.means["adjusted"][0] - found.means["adjusted"][1] == pytest.approx(row["adjusted"])


@pytest.mark.parametrize("kind", ["ordinal", "binary", "nominal", "count"])
@pytest.mark.parametrize("how", ["regression", "weights"])
def test_every_kind_is_pooled_or_says_why_not(kind, how):
    rng = np.random.default_rng(4)
    labels = np.repeat([1, 2, 3], 60)
    codes = rng.integers(0, {"binary": 2}.get(kind, 4), 180).astype(float)
    sites = pd.Categorical(
        np.where(rng.uniform(size=180) < 0.2, None, rng.choice(list("ABC"), 180))
    )
    infos = {"site": ColumnInfo("site", "site", "nominal")}
    covariates = build_covariates(pd.DataFrame({"site": sites}), infos, ["site"])
    outcome = Outcome(kind, codes, labels)
    if (kind, how) == ("nominal", "weights"):
        with pytest.raises(NotEstimableError, match="without an order"):
            adjust_imputed(outcome, covariates, how, 5)
        return
    found = adjust_imputed(outcome, covariates, how, 5)
    assert found.n == 180 and 0 < found.adjusted.p_value < 1
    assert "5 tables pooled" in found.adjusted.model


def test_a_level_is_imputed_whole():
    rng = np.random.default_rng(5)
    sites = pd.Categorical(np.where(rng.uniform(size=90) < 0.4, None, rng.choice(list("ABC"), 90)))
    infos = {"site": ColumnInfo("site", "site", "nominal")}
    covariates = build_covariates(pd.DataFrame({"site": sites}), infos, ["site"])
    for table in completed(covariates, np.repeat([1, 2], 45), np.empty((90, 0)), 5, rng):
        assert set(table.matrix(90).sum(axis=1)) <= {0.0, 1.0}


def test_what_cannot_be_imputed_says_why():
    rng = np.random.default_rng(6)
    labels = np.repeat([1, 2], 20)
    age = rng.normal(size=40)
    age[labels == 2] = np.nan
    infos = {"age": ColumnInfo("age", "age", "continuous")}
    outcome = Outcome("continuous", rng.normal(size=40), labels)
    with pytest.raises(NotEstimableError, match="age is never known in cluster 2"):
        adjust_imputed(
            outcome, build_covariates(pd.DataFrame({"age": age}), infos, ["age"]), "regression", 5
        )
    age[labels == 2], age[5:35] = 0.5, np.nan
    age[35:40] = np.nan
    age[30] = 1.0
    with pytest.raises(NotEstimableError, match="age is known in 6 rows, too few to impute"):
        adjust_imputed(
            outcome, build_covariates(pd.DataFrame({"age": age}), infos, ["age"]), "regression", 5
        )
    with pytest.raises(SettingsError, match="impute needs 5 or more"):
        AssociateSettings(impute=3)


def test_sure_labels_give_the_test_of_the_clusters_and_unsure_ones_less():
    rng = np.random.default_rng(7)
    labels = np.repeat([1, 2, 3], 50)
    y = rng.normal(size=150) + 0.8 * labels
    outcome = Outcome("continuous", y, labels)
    sure = (labels[:, None] == [1, 2, 3]).astype(float)
    hard = outcome.test(np.ones(150, bool), cluster_columns(labels))
    drawn = drawn_test(outcome, sure, 10)
    assert drawn.statistic == pytest.approx(hard.statistic)
    assert drawn.df_residual == pytest.approx(147, rel=0.02)
    unsure = drawn_test(outcome, 0.5 * sure + 0.5 / 3, 20)
    assert unsure.p_value > hard.p_value and unsure.df_residual < drawn.df_residual
    assert abs(unsure.coefficients[1]) < abs(hard.coefficients[1])


def test_draws_follow_the_soft_assignment():
    # One row in four is called 2 though it is 1: the drawn share has to be seen in the mean.
    labels = np.repeat([1, 2], [400, 40])
    y = (labels == 2).astype(float)
    soft = np.where((labels == 1)[:, None], [0.9, 0.1], [0.0, 1.0])
    found = drawn_test(Outcome("continuous", y + 1e-3 * np.arange(440), labels), soft, 50)
    # Of about 80 rows called 2 half are truly so; the trend along rows is small.
    trend = 1e-3 * np.arange(440)
    share = np.average(y + trend, weights=soft[:, 1]) - np.average(y + trend, weights=soft[:, 0])
    assert found.coefficients[0] == pytest.approx(share, abs=0.02)


def test_the_table_carries_both_beside_the_hard_result():
    rng = np.random.default_rng(9)
    labels = np.repeat([1, 2], 40)
    clusters = clusters_of(labels)
    soft = np.where((labels == 1)[:, None], [0.8, 0.2], [0.2, 0.8])
    clusters[["q_1", "q_2"]] = soft
    age = rng.normal(60, 9, 80)
    age[::5] = np.nan
    frame = pd.DataFrame({"FVC": rng.normal(3, 1, 80), "age": age}, index=clusters.index)
    infos = [ColumnInfo("FVC", "FVC", "continuous", unit="L"),
             ColumnInfo("age", "Age", "continuous", family="demographics")]  # fmt: skip
    settings = AssociateSettings(adjust=("age",), impute=5, label_draws=5)
    found = associate(clusters, frame, infos, settings)
    row = found.rows.set_index("variable").loc["FVC"]
    assert row["n_adjusted"] == 80 and row["drawn_effect_name"] == "mean_difference"
    assert row["drawn_low"] < row["drawn_effect"] < row["drawn_high"]
    assert np.isfinite([row["p_value"], row["drawn_p_value"], row["adjusted_p_value"]]).all()
    notes = " ".join(found.notes)
    assert "Age in 16; 16 of 80 rows) were imputed 5 times" in notes
    assert "5 draws of each row's cluster" in notes
    plain = associate(clusters.drop(columns=["q_1", "q_2"]), frame, infos, settings)
    assert plain.rows.set_index("variable").loc["FVC", "drawn_reason"].startswith("the run has no")
