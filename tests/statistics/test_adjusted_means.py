"""Adjusted means and contrasts of all pairs: numbers of R's emmeans, and where there are none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clam_core.statistics.models.adjust import Outcome, adjust
from clam_core.statistics.models.design import build_covariates
from clam_core.tables.column_info import ColumnInfo

NAMES = ("age", "lwt", "smoke")
MEANS = ["adjusted", "adjusted_low", "adjusted_high"]


@pytest.fixture(scope="module")
def births():
    # Hosmer & Lemeshow (1989), Applied logistic regression, as R's MASS ships them.
    return pd.read_csv(Path(__file__).parent / "birthwt.csv")


def adjusted(births, kind, values, subjects=None, rows=None):
    rows = np.arange(len(births)) if rows is None else rows
    infos = {name: ColumnInfo(name, name, "continuous") for name in NAMES}
    covariates = build_covariates(births.iloc[rows], infos, NAMES)
    labels = births["race"].to_numpy()[rows]
    return adjust(Outcome(kind, np.asarray(values, float)[rows], labels, subjects), covariates)


def test_means_and_contrasts_of_numbers_are_those_of_emmeans(births):
    # R 4.2.2, emmeans 1.8.4, sandwich 3.0.2: e <- emmeans(lm(bwt ~ race + age + lwt + smoke,
    # birthwt), "race", vcov. = function(m) vcovHC(m, "HC3"), weights = "proportional"), then
    # summary(e), summary(pairs(e, adjust = "none"), infer = TRUE) and pairs(e, adjust = "holm").
    found = adjusted(births, "continuous", births["bwt"])
    assert found.means[MEANS].to_numpy() == pytest.approx(
        np.array(
            [
                [3156.133214, 3011.141185, 3301.125243],
                [2645.631720, 2388.393145, 2902.870296],
                [2757.489354, 2565.121052, 2949.857657],
            ]
        ),
        rel=1e-9,
    )
    assert found.contrasts[[*MEANS, "adjusted_p_value"]].to_numpy() == pytest.approx(
        np.array(
            [
                [510.5014933, 211.9726928, 809.0302938, 0.0009044474077],
                [398.6438593, 140.5503682, 656.7373504, 0.0026494385824],
                [-111.8576340, -423.7621791, 200.0469111, 0.4801082018427],
            ]
        ),
        rel=1e-8,
    )
    assert found.contrasts["adjusted_p_adjusted"].tolist() == pytest.approx(
        [0.002713342223, 0.005298877165, 0.480108201843]
    )
    crude = births.groupby("race")["bwt"].mean()
    assert found.means["crude"].tolist() == pytest.approx(crude.tolist())
    assert found.means["n"].tolist() == [96, 26, 67]
    assert found.means["scale"].tolist() == ["mean"] * 3


def test_probabilities_and_odds_ratios_are_those_of_emmeans(births):
    # R: the same of glm(low ~ race + age + lwt + smoke, binomial, birthwt), with
    # control = glm.control(epsilon = 1e-13) and type = "response".
    found = adjusted(births, "binary", births["low"])
    assert found.means[MEANS].to_numpy() == pytest.approx(
        np.array(
            [
                [0.1973296229, 0.1249171710, 0.2974501867],
                [0.4572552855, 0.2652695410, 0.6628370451],
                [0.3870318604, 0.2656788366, 0.5242425766],
            ]
        ),
        rel=1e-6,
    )
    assert found.contrasts[[*MEANS, "adjusted_p_value"]].to_numpy() == pytest.approx(
        np.array(
            [
                [0.2918044558, 0.1058989172, 0.8040671491, 0.01723555781],
                [0.3893554290, 0.1722062003, 0.8803263174, 0.02343953042],
                [1.3343025485, 0.4752020780, 3.7465393638, 0.58402286913],
            ]
        ),
        rel=1e-6,
    )
    assert set(found.means["scale"]) == {"probability"}


def test_contrasts_of_scores_are_those_of_emmeans(births):
    # R: o <- factor(pmin(ftv, 2), ordered = TRUE); p <- polr(o ~ race + age + lwt + smoke,
    # Hess = TRUE); pairs(emmeans(p, "race"), adjust = "none"); polr's sign is ours.
    found = adjusted(births, "ordinal", np.minimum(births["ftv"], 2))
    assert np.log(found.contrasts[MEANS].to_numpy()) == pytest.approx(
        np.array(
            [
                [0.1454055854, -0.72316645872, 1.013977630],
                [0.6973703981, 0.01522486036, 1.379515936],
                [0.5519648127, -0.39750065652, 1.501430282],
            ]
        ),
        abs=1e-4,
    )
    assert found.contrasts["adjusted_p_value"].tolist() == pytest.approx(
        [0.74282628472, 0.04510128706, 0.25453187817], rel=1e-3
    )
    assert found.means.empty


def test_counts_have_their_mean_and_the_pairs_agree_with_the_means(births):
    found = adjusted(births, "count", births["ftv"])
    means = found.means["adjusted"].to_numpy()
    assert found.contrasts["adjusted"].tolist() == pytest.approx(
        [means[0] / means[1], means[0] / means[2], means[1] / means[2]]
    )
    crude = births.groupby("race")["ftv"].mean()
    assert found.means["crude"].tolist() == pytest.approx(crude.tolist(), rel=1e-5)


def test_separated_answers_have_profile_intervals_for_every_pair_and_no_means(births):
    low = births["low"].where(births["race"] != 2, 0)
    found = adjusted(births, "binary", low)
    assert found.adjusted.model.startswith("Firth") and found.means.empty
    assert np.isfinite(found.contrasts[MEANS].to_numpy()).all()
    pair = found.contrasts.set_index(["cluster_a", "cluster_b"])
    first = pair.loc[(1, 2)]
    # The interval excludes 1 where the penalised likelihood ratio says so, and only there.
    for row in (first, pair.loc[(2, 3)], pair.loc[(1, 3)]):
        excludes = row["adjusted_low"] > 1 or row["adjusted_high"] < 1
        assert excludes == (row["adjusted_p_value"] < 0.05)
    odds = pair["adjusted"]
    assert odds[(1, 3)] == pytest.approx(odds[(1, 2)] * odds[(2, 3)], rel=1e-4)


def test_levels_without_an_order_have_neither(births):
    found = adjusted(births, "nominal", births["ftv"].clip(upper=2))
    assert found.means.empty and found.contrasts.empty


def test_copies_of_a_subject_change_neither_means_nor_contrasts(births):
    once = adjusted(births, "continuous", births["bwt"], np.arange(len(births)))
    rows = np.repeat(np.arange(len(births)), np.where(np.arange(len(births)) % 3 == 0, 4, 1))
    again = adjusted(births, "continuous", births["bwt"], rows, rows)
    for name in ("crude", "adjusted"):
        assert again.contrasts[name].tolist() == pytest.approx(once.contrasts[name].tolist())
    # CR2 takes rows for independent where it takes out its bias, so that ends move a little.
    width, before = (one["adjusted_high"] - one["adjusted_low"] for one in
                     (again.contrasts, once.contrasts))  # fmt: skip
    assert width.tolist() == pytest.approx(before.tolist(), rel=0.03)
    joint = again.adjusted
    pair = again.contrasts.iloc[0]
    error = np.sqrt(joint.fitted.covariance[1, 1])
    df = joint.fitted.df_of(np.array([0.0, 1.0, *np.zeros(4)]))
    assert 5 < df < len(births) and width[0] == pytest.approx(2 * stats.t.ppf(0.975, df) * error)
    p_value = 2 * stats.t.sf(abs(pair["adjusted"]) / error, df)
    assert pair["adjusted_p_value"] == pytest.approx(p_value)
