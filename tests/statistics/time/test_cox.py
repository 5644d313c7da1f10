"""Cox models, proportional hazards and restricted means, against R 4.2 with survival 3.5.3."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from clam_core.statistics.models.design import Covariates
from clam_core.statistics.models.fitted_model import NotEstimableError
from clam_core.statistics.result import NotTestableError
from clam_core.statistics.time.cox import fit_cox, moments, profile_interval, risk_sets
from clam_core.statistics.time.proportional import proportional_hazards
from clam_core.statistics.time.restricted_mean import restricted_means
from clam_core.statistics.time.survival import Times, compare_survival

HERE = Path(__file__).parent
CELLS = ["squamous", "smallcell", "adeno", "large"]


def read(name):
    return pd.read_csv(HERE / name, comment="#")


def floats(table, *names):
    return table[list(names)].to_numpy(dtype=float)


@pytest.fixture(scope="module")
def pbc():
    """Patients whose stage is known, stages as clusters."""
    table = read("pbc.csv")
    return table[table["stage"].notna()]


@pytest.fixture(scope="module")
def veteran():
    return read("veteran.csv")


def of_stages(pbc, covariates=None):
    event = (pbc["status"] == 2).to_numpy(dtype=float)
    times = Times(floats(pbc, "time")[:, 0], event, pbc["stage"].to_numpy(dtype=np.int64))
    return compare_survival(times, covariates)


def blocks(**columns):
    return Covariates(tuple(columns), columns, {})


def levels(column):
    names = sorted(column.dropna().unique())[1:]
    found = np.column_stack([(column == one).to_numpy(dtype=float) for one in names])
    found[column.isna().to_numpy()] = np.nan
    return found


def test_cirrhosis_adjusted_by_age_and_bilirubin(pbc):
    # coxph(Surv(time, status == 2) ~ factor(stage) + age + bili, data = pbc): coefficients of
    # stages 2, 3, 4: 0.77152, 1.16310, 2.02094, se 0.73942, 0.72486, 0.72120; ratios of stage 1
    # over them 0.46, 0.31, 0.13.
    known = blocks(age=floats(pbc, "age"), bili=floats(pbc, "bili"))
    cox = of_stages(pbc, known).cox
    assert cox["adjusted_hazard_ratio"].round(2).tolist() == [0.46, 0.31, 0.13]
    log = -np.log(cox["adjusted_hazard_ratio"].to_numpy())
    assert log == pytest.approx([0.77152, 1.16310, 2.02094], abs=6e-6)
    width = np.log(cox["adjusted_ci_high"] / cox["adjusted_ci_low"]) / (2 * 1.959964)
    assert width.to_numpy() == pytest.approx([0.73942, 0.72486, 0.72120], abs=6e-6)
    assert cox["adjusted_p_value"].tolist() == pytest.approx(
        [0.296758, 0.108583, 0.005076], abs=6e-7
    )
    # coxph(Surv(time, status == 2) ~ factor(stage)): 1.1027, 1.5318, 2.5311.
    crude = -np.log(cox["hazard_ratio"].to_numpy())
    assert crude == pytest.approx([1.1027, 1.5318, 2.5311], abs=6e-5)


def test_cirrhosis_adjusted_by_levels_and_columns_of_other_sizes(pbc):
    # coxph(... ~ factor(stage) + age + sex + factor(edema) + bili): 0.894589, 1.162590, 1.979438.
    known = blocks(
        age=floats(pbc, "age"),
        sex=levels(pbc["sex"]),
        edema=levels(pbc["edema"]),
        bili=1e6 * floats(pbc, "bili"),
    )
    cox = of_stages(pbc, known).cox
    log = -np.log(cox["adjusted_hazard_ratio"].to_numpy())
    assert log == pytest.approx([0.894589, 1.162590, 1.979438], abs=6e-7)
    # ~ factor(stage) + age + sex + edema + bili + platelet + protime, 399 rows: 1.1086249,
    # 1.3798347, 2.0130011.
    names = ("age", "edema", "bili", "platelet", "protime")
    known = blocks(sex=levels(pbc["sex"]), **{name: floats(pbc, name) * 1e-4 + 7 for name in names})
    found = of_stages(pbc, known)
    log = -np.log(found.cox["adjusted_hazard_ratio"].to_numpy())
    assert log == pytest.approx([1.1086249, 1.3798347, 2.0130011], abs=1e-6)
    assert "leaves out 13 rows without a covariate" in found.notes[0]


def test_crude_ratios_stay_where_the_adjusted_model_has_none(pbc, monkeypatch):
    from clam_core.statistics.time import hazard_ratios

    def only_small(time, event, design, **how):
        if design.shape[1] > 3:
            raise NotEstimableError("it will not")
        return fit_cox(time, event, design, **how)

    monkeypatch.setattr(hazard_ratios, "fit_cox", only_small)
    found = of_stages(pbc, blocks(age=floats(pbc, "age")))
    assert found.cox["hazard_ratio"].notna().all()
    assert found.cox["adjusted_hazard_ratio"].isna().all()
    assert "There is no adjusted Cox model, because it will not." in found.notes


@pytest.mark.parametrize(
    ("covariates", "chisq", "p"),
    [
        # cox.zph(coxph(Surv(time, status) ~ celltype, veteran)): 8.87 on 3 df, p 0.031.
        ((), 8.87, 0.031),
        # ... ~ celltype + karno + age: celltype 14.15 on 3 df, p 0.00271.
        (("karno", "age"), 14.15, 0.00271),
    ],
)
def test_cell_types_of_lung_cancer_have_no_proportional_hazards(veteran, covariates, chisq, p):
    design = np.column_stack(
        [
            *((veteran["celltype"] == one).to_numpy(dtype=float) for one in CELLS[1:]),
            *(floats(veteran, one) for one in covariates),
        ]
    )
    time, event = floats(veteran, "time", "status").T
    statistic, p_value = proportional_hazards(fit_cox(time, event, design), 3)
    assert statistic == pytest.approx(chisq, abs=5e-3)
    assert p_value == pytest.approx(p, rel=2e-2)


def test_the_comparison_tells_it(veteran):
    labels = veteran["celltype"].map({one: n for n, one in enumerate(CELLS, 1)}).to_numpy()
    time, event = floats(veteran, "time", "status").T
    found = compare_survival(Times(time, event, labels))
    assert found.proportional_p_value == pytest.approx(0.031, abs=5e-4)


def brute_penalized(coefficient, time, event, x):
    """Efron's likelihood with Jeffreys' prior, sum by sum."""
    value = information = 0.0
    weight = np.exp(coefficient * x)
    for step in np.unique(time[event == 1]):
        risk, dying = time >= step, (time == step) & (event == 1)
        d = int(dying.sum())
        value += coefficient * x[dying].sum()
        for place in range(d):
            w = weight * risk - place / d * weight * dying
            mean = (w * x).sum() / w.sum()
            value -= np.log(w.sum())
            information += (w * x * x).sum() / w.sum() - mean**2
    return value + np.log(information) / 2


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_penalized_estimate_is_the_maximum_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 2, 30).astype(float) if seed else rng.normal(size=30)
    time, event = rng.integers(1, 9, 30).astype(float), (rng.uniform(size=30) < 0.5).astype(float)
    best = minimize_scalar(
        lambda b: -brute_penalized(b, time, event, x), bounds=(-5, 5), method="bounded",
        options={"xatol": 1e-9},
    )  # fmt: skip
    fit = fit_cox(time, event, x[:, None], penalized=True)
    assert fit.coefficients[0] == pytest.approx(best.x, abs=1e-6)
    low, high, p = profile_interval(fit, 0)
    for end in (low, high):
        lost = 2 * (-best.fun - brute_penalized(end, time, event, x))
        assert lost == pytest.approx(3.841459, abs=1e-5)
    assert low < fit.coefficients[0] < high and 0 < p <= 1


def test_cluster_without_events_has_a_finite_ratio():
    # firthmodels 0.8.2, FirthCoxPH().fit(x, y): coefficient 2.948199, p of the likelihood ratio
    # 0.009509, profile interval 0.6249 to 7.857.
    time, event = np.arange(1.0, 9), np.repeat([1.0, 0.0], 4)
    fit = fit_cox(time, event, event[:, None])
    assert fit.is_penalized
    assert fit.coefficients[0] == pytest.approx(2.948199, abs=2e-6)
    low, high, p = profile_interval(fit, 0)
    assert (low, high) == pytest.approx((0.6249, 7.857), abs=1e-3)
    assert p == pytest.approx(0.009509, abs=1e-6)
    labels = np.repeat([1, 2], 10)
    found = compare_survival(Times(np.arange(1.0, 21), (labels == 1).astype(float), labels))
    row = found.cox.iloc[0]
    assert np.isfinite(row[["hazard_ratio", "ci_low", "p_value"]].astype(float)).all()
    assert row["hazard_ratio"] > row["ci_low"] > 1
    assert "Cluster 2 has no event" in found.notes[0] and "Firth" in found.notes[0]


def test_covariate_that_separates_the_events_is_met_by_the_penalty():
    rng = np.random.default_rng(3)
    labels = np.tile([1, 2], 20)
    event = np.tile([1.0, 1.0, 0.0, 0.0], 10)
    time = np.where(event == 1, rng.uniform(1, 2, 40), rng.uniform(3, 4, 40))
    found = compare_survival(Times(time, event, labels), blocks(marker=event[:, None]))
    assert np.isfinite(found.cox["adjusted_hazard_ratio"]).all()
    assert any("adjusted Cox model is by Firth" in note for note in found.notes)
    assert 0.2 < found.cox["hazard_ratio"].iloc[0] < 5


def test_who_left_before_the_first_event_does_not_break_the_log_rank_test():
    rng = np.random.default_rng(4)
    labels = np.repeat([1, 2, 3], 20)
    time = np.where(labels == 3, 0.1, rng.exponential(size=60) + 1)
    event = (labels < 3).astype(float)
    found = compare_survival(Times(time, event, labels))
    assert found.logrank_df == 1 and 0 < found.logrank_p_value < 1
    assert set(found.curves["cluster"]) == {1, 2, 3}


def test_columns_that_depend_on_each_other_are_refused():
    x = np.arange(10.0)
    with pytest.raises(NotEstimableError, match="depend"):
        fit_cox(x + 1, np.ones(10), np.column_stack([x, 2 * x]))


def test_score_is_the_gradient():
    rng = np.random.default_rng(5)
    sets = risk_sets(
        rng.integers(1, 6, 25).astype(float), (rng.uniform(size=25) < 0.7).astype(float),
        rng.normal(size=(25, 2)),
    )  # fmt: skip
    at, step = np.array([0.3, -0.4]), 1e-5
    for penalized in (False, True):
        score = moments(sets, at, penalized=penalized).score
        for place in (0, 1):
            move = np.eye(2)[place] * step
            ends = [moments(sets, at + s * move, penalized=penalized).value for s in (1, -1)]
            assert score[place] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6)


def test_restricted_means_of_lung_cancer(veteran):
    # summary(survfit(Surv(time, status) ~ celltype, veteran), rmean = 100)$table.
    labels = veteran["celltype"].map({one: n for n, one in enumerate(CELLS, 1)}).to_numpy()
    time, event = floats(veteran, "time", "status").T
    found = restricted_means(time, event, labels, 100.0)
    assert found.means["mean"].tolist() == pytest.approx(
        [73.22857143, 51.49652778, 55.80246914, 83.07407407]
    )
    error = np.array([6.389151679, 5.198496957, 6.851564727, 5.756591242])
    width = (found.means["ci_high"] - found.means["ci_low"]) / (2 * 1.959963985)
    assert width.to_numpy() == pytest.approx(error)
    row = found.pairs.iloc[0]
    gap, spread = 73.22857143 - 51.49652778, np.hypot(error[0], error[1])
    assert row["difference"] == pytest.approx(gap)
    assert (row["ci_low"], row["ci_high"]) == pytest.approx(
        (gap - 1.959963985 * spread, gap + 1.959963985 * spread)
    )
    assert found.pairs["p_adjusted"].iloc[0] >= row["p_value"]
    assert restricted_means(time, event, labels).horizon == min(
        time[labels == one].max() for one in (1, 2, 3, 4)
    )
    with pytest.raises(NotTestableError, match="beyond the longest follow-up of cluster 3"):
        restricted_means(time, event, labels, 500.0)


def test_horizon_that_cannot_be_is_said_beside_the_rest(veteran):
    labels = np.tile([1, 2], 69)[: len(veteran)]
    time, event = floats(veteran, "time", "status").T
    found = compare_survival(Times(time, event, labels), horizon=5000.0)
    assert found.means is None and len(found.cox) == 1
    assert any("beyond the longest follow-up" in note for note in found.notes)
