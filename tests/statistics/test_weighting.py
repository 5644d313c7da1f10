"""Inverse probability weights: R's numbers, what they balance, and where there are none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clam_core.settings import AssociateSettings
from clam_core.statistics import associate
from clam_core.statistics.models import weighting
from clam_core.statistics.models.adjust import Outcome, adjust
from clam_core.statistics.models.design import build_covariates, drop_idle_columns
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.models.weighting import balance_of, weights_of
from clam_core.tables.column_info import ColumnInfo
from tests.statistics.made_cohorts import clusters_of

KINDS = {"age": "continuous", "lwt": "continuous", "race": "nominal", "smoke": "continuous"}


@pytest.fixture(scope="module")
def births():
    # Hosmer & Lemeshow (1989), Applied logistic regression, as R's MASS ships them.
    return pd.read_csv(Path(__file__).parent / "birthwt.csv")


def covariates_of(births, *names):
    infos = {name: ColumnInfo(name, name, KINDS[name]) for name in names}
    return build_covariates(births, infos, names)


def weighted(births, kind, values, subjects=None):
    outcome = Outcome(kind, np.asarray(values, float), births["smoke"].to_numpy() + 1, subjects)
    return adjust(outcome, covariates_of(births, "age", "lwt", "race"), "weights")


def test_two_clusters_have_the_estimate_of_svyglm_and_the_error_of_cr2(births):
    # R 4.2.2, survey 4.1.1: ps <- fitted(glm(smoke ~ age + lwt + factor(race), binomial, birthwt));
    # svyglm(bwt ~ smoke, svydesign(~1, weights = ~ifelse(smoke == 1, 1 / ps, 1 / (1 - ps)))):
    # -332.602540339. Error and degrees of freedom of CR2 (identity) by its definition, in R:
    # 135.3505264863 and 16.7255303732; svyglm's own error, 132.98, takes 187 degrees of freedom.
    found = weighted(births, "continuous", births["bwt"])
    row = found.contrasts.iloc[0]
    assert row["adjusted"] == pytest.approx(332.602540339, rel=1e-7)
    assert row["adjusted_error"] == pytest.approx(135.3505264863, rel=1e-6)
    assert row["adjusted_df"] == pytest.approx(16.7255303732, rel=1e-5)
    p_value = 2 * stats.t.sf(332.602540339 / 135.3505264863, 16.7255303732)
    assert row["adjusted_p_value"] == pytest.approx(p_value, rel=1e-5)
    assert found.adjusted.p_value == pytest.approx(p_value, rel=1e-5)
    assert found.adjusted.model == "weighted means, CR2"
    assert found.adjusted_effect.name == "mean_difference"
    assert found.means["adjusted"].tolist() == pytest.approx(
        [3114.368239352, 3114.368239352 - 332.602540339], rel=1e-7
    )
    plain = births.groupby("smoke")["bwt"].mean()
    assert found.means["crude"].tolist() == pytest.approx(plain.tolist())


def test_two_levels_have_a_difference_of_weighted_shares(births):
    # R: svyglm(low ~ smoke), the same design: 0.149669051838; CR2 by definition 0.080881468980.
    found = weighted(births, "binary", births["low"])
    assert found.adjusted_effect.name == "risk_difference"
    assert found.adjusted_effect.size == pytest.approx(-0.149669051838, rel=1e-6)
    assert found.contrasts["adjusted_error"][0] == pytest.approx(0.080881468980, rel=1e-6)
    assert set(found.means["scale"]) == {"probability"}


def test_three_clusters_have_the_weights_of_a_multinomial_model(births, monkeypatch):
    # R: the multinomial likelihood of race ~ age + lwt + smoke maximised by optim (gradient below
    # 3e-7), svyglm(bwt ~ race): -528.398191721 and -117.809467668; CR2 by definition 167.9919395722
    # with 4.06335336004 degrees of freedom: a few rows carry the weights.
    labels = births["race"].to_numpy()
    outcome = Outcome("continuous", births["bwt"].to_numpy(float), labels)
    covariates = covariates_of(births, "age", "lwt", "smoke")
    matrix = covariates.matrix(len(labels))
    with pytest.raises(NotEstimableError, match=r"cluster 3 counts as 4.5 rows \(of 67\)"):
        adjust(outcome, covariates, "weights")
    monkeypatch.setattr(weighting, "FEWEST_EFFECTIVE", 1.0)
    weights = weights_of(labels, drop_idle_columns(matrix))
    first, second, third = (
        np.average(outcome.values[labels == c], weights=weights[labels == c]) for c in (1, 2, 3)
    )
    assert [second - first, third - first] == pytest.approx([-528.398191721, -117.809467668])
    # One row is a third of a cluster: weights make clusters less alike, which the guard is for.
    balance = balance_of(labels, matrix, weights)
    assert balance.after > balance.before
    # So few rows carry the weights that the joint test has next to no degrees of freedom.
    found = adjust(outcome, covariates, "weights")
    assert found.contrasts["adjusted_df"][0] == pytest.approx(4.06335336004, rel=1e-4)
    assert found.contrasts["adjusted_error"][0] == pytest.approx(167.9919395722, rel=1e-5)
    assert found.adjusted.df_residual < 4


def test_balance_is_the_one_of_r(births):
    # R: sum(w)^2 / sum(w^2) by smoke: 106.13806988 and 44.56924146; of the standardised
    # differences of age, lwt and the indicators of race the largest is that of black without
    # weights and of lwt with weights (0.24853771513); R's variances without weights.
    labels = births["smoke"].to_numpy() + 1
    matrix = covariates_of(births, "age", "lwt", "race").matrix(len(labels))
    found = balance_of(labels, matrix, weights_of(labels, matrix))
    assert found.effective.tolist() == pytest.approx([106.13806988, 44.56924146], rel=1e-6)
    assert found.sizes.tolist() == [115, 74]
    assert found.after == pytest.approx(0.24853771513, rel=1e-6)
    assert found.before == pytest.approx(0.716334319, rel=1e-6)


def test_a_confounded_difference_goes_away_with_weights():
    rng = np.random.default_rng(2)
    age = rng.normal(size=600)
    labels = np.where(age + 1.5 * rng.normal(size=600) > 0, 1, 2)
    y = age + rng.normal(size=600)
    infos = {"age": ColumnInfo("age", "age", "continuous")}
    covariates = build_covariates(pd.DataFrame({"age": age}), infos, ["age"])
    found = adjust(Outcome("continuous", y, labels), covariates, "weights")
    assert found.crude.p_value < 1e-6 and found.adjusted.p_value > 0.01
    assert abs(found.adjusted_effect.size) < abs(found.crude_effect.size) / 3


def test_levels_without_an_order_and_told_apart_clusters_have_a_reason(births):
    with pytest.raises(NotEstimableError, match="levels without an order have no mean"):
        weighted(births, "nominal", births["ftv"].clip(upper=2))
    labels = np.where(births["lwt"] > 120, 2, 1)
    outcome = Outcome("continuous", births["bwt"].to_numpy(float), labels)
    with pytest.raises(NotEstimableError, match="tell the clusters apart"):
        adjust(outcome, covariates_of(births, "lwt"), "weights")


def test_rows_of_a_subject_share_its_weight(births):
    once = weighted(births, "continuous", births["bwt"])
    rows = np.repeat(np.arange(len(births)), 2)
    twice = weighted(births.iloc[rows], "continuous", births["bwt"].to_numpy()[rows], rows)
    assert twice.adjusted_effect.size == pytest.approx(once.adjusted_effect.size, rel=1e-6)
    assert twice.adjusted.p_value == pytest.approx(once.adjusted.p_value, rel=0.2)
    assert twice.adjusted.model == "weighted means, CR2 by subject"


def test_the_table_says_what_weights_did(births):
    ids = pd.Index([f"S{row}" for row in range(len(births))], name="scan_id")
    clusters = clusters_of(births["smoke"].to_numpy() + 1).set_axis(ids)
    frame = births[["bwt", "age", "lwt", "race"]].set_axis(ids)
    frame["race"] = pd.Categorical(frame["race"])
    infos = [ColumnInfo("bwt", "Weight at birth", "continuous", unit="g"),
             *(ColumnInfo(name, name, KINDS[name]) for name in ("age", "lwt", "race"))]  # fmt: skip
    settings = AssociateSettings(adjust=("age", "lwt", "race"), adjust_by="weights")
    found = associate(clusters, frame, infos, settings)
    assert found.rows.set_index("variable").loc["bwt", "adjusted_test"] == "weighted means, CR2"
    notes = " ".join(found.notes)
    assert "falls from 0.72 to 0.25" in notes and "1: 106 of 115, 2: 45 of 74" in notes
    assert "clusters still differ in a covariate by 0.25" in notes
