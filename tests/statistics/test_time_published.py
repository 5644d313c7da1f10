"""Survival and slopes of published studies, against what R printed of them.

`lung.csv`: survival::lung, Loprinzi et al. (1994), J Clin Oncol 12:601. Growth: nlme::Orthodont,
Potthoff & Roy (1964), Biometrika 51:313.
"""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clam_core.statistics.models.design import Covariates
from clam_core.statistics.time.slopes import compare_slopes
from clam_core.statistics.time.survival import Times, compare_survival
from tests.statistics.published import read_table

# Distance (mm) of pituitary and pterygomaxillary fissure at 8, 10, 12 and 14 years.
BOYS = np.array([
    [26, 25, 29, 31], [21.5, 22.5, 23, 26.5], [23, 22.5, 24, 27.5], [25.5, 27.5, 26.5, 27],
    [20, 23.5, 22.5, 26], [24.5, 25.5, 27, 28.5], [22, 22, 24.5, 26.5], [24, 21.5, 24.5, 25.5],
    [23, 20.5, 31, 26], [27.5, 28, 31, 31.5], [23, 23, 23.5, 25], [21.5, 23.5, 24, 28],
    [17, 24.5, 26, 29.5], [22.5, 25.5, 25.5, 26], [23, 24.5, 26, 30], [22, 21.5, 23.5, 25],
])  # fmt: skip
GIRLS = np.array([
    [21, 20, 21.5, 23], [21, 21.5, 24, 25.5], [20.5, 24, 24.5, 26], [23.5, 24.5, 25, 26.5],
    [21.5, 23, 22.5, 23.5], [20, 21, 21, 22.5], [21.5, 22.5, 23, 25], [23, 23, 23.5, 24],
    [20, 21, 22, 21.5], [16.5, 19, 19, 19.5], [24.5, 25, 28, 28],
])  # fmt: skip
AGES = np.array([8.0, 10, 12, 14])


@pytest.fixture(scope="module")
def lung():
    """One column per name; status 2 means dead."""
    values, names = read_table("lung.csv")
    return pd.DataFrame(values, columns=names)


def times(table):
    event = (table["status"] == 2).to_numpy(dtype=float)
    return Times(table["time"].to_numpy(), event, table["sex"].to_numpy(dtype=np.int64))


def test_log_rank_of_men_and_women_with_lung_cancer(lung):
    # R, survdiff(Surv(time, status) ~ sex, lung), as printed in "Machine learning with R
    # cookbook" (Packt 2017), chapter 6: 138 men, 112 deaths; 90 women, 53 deaths; chi-square
    # 10.3267, p = 0.00131116.
    deaths = lung[lung["status"] == 2]["sex"].value_counts()
    assert lung["sex"].value_counts().to_dict() == {1: 138, 2: 90}
    assert deaths.to_dict() == {1: 112, 2: 53}
    found = compare_survival(times(lung))
    assert found.logrank_statistic == pytest.approx(10.3267, abs=5e-5)
    assert found.logrank_p_value == pytest.approx(0.00131116, abs=5e-9)


def test_cox_model_of_men_and_women_with_lung_cancer(lung):
    # The R package biostatUtil tests its Cox model with "HR 0.59 (0.42-0.82), p = 0.0015"; ours
    # is men over women, so the inverse.
    row = compare_survival(times(lung)).cox.iloc[0]
    ends = [1 / row[name] for name in ("hazard_ratio", "ci_high", "ci_low")]
    assert [round(one, 2) for one in ends] == [0.59, 0.42, 0.82]
    assert round(row["p_value"], 4) == 0.0015


def test_adjusted_cox_model_of_men_and_women_with_lung_cancer(lung):
    # R, coxph(Surv(time, status) ~ age + sex + ph.ecog, lung), as printed at
    # cloud.tencent.com/developer/article/1374595: sex -0.552612, interval of its exponential
    # 0.4142 to 0.7994, p = 0.000986 in 227 patients.
    # The R package parameters tests ~ sex + age + ph.ecog as levels 0, 1, 2 in 226 patients:
    # -0.54563, standard error 0.16823, p 0.00118.
    numbers = lung[["age", "ph_ecog"]].to_numpy()
    known = Covariates(("age", "ph_ecog"),
                       {"age": numbers[:, :1], "ph_ecog": numbers[:, 1:]}, {})  # fmt: skip
    row = compare_survival(times(lung), known).cox.iloc[0]
    assert -np.log(row["adjusted_hazard_ratio"]) == pytest.approx(-0.552612, abs=5e-6)
    ends = [1 / row["adjusted_ci_high"], 1 / row["adjusted_ci_low"]]
    assert ends == pytest.approx([0.4142, 0.7994], abs=5e-5)
    assert row["adjusted_p_value"] == pytest.approx(0.000986, abs=5e-7)

    part = lung[lung["ph_ecog"] < 3]
    levels = np.column_stack([part["ph_ecog"] == 1, part["ph_ecog"] == 2]).astype(float)
    blocks = {"age": part[["age"]].to_numpy(), "ph_ecog": levels}
    row = compare_survival(times(part), Covariates(("age", "ph_ecog"), blocks, {})).cox.iloc[0]
    coefficient = -np.log(row["adjusted_hazard_ratio"])
    assert coefficient == pytest.approx(-0.54563, abs=5e-6)
    width = np.log(row["adjusted_ci_high"] / row["adjusted_ci_low"]) / (2 * 1.959964)
    assert width == pytest.approx(0.16823, abs=5e-6)
    assert row["adjusted_p_value"] == pytest.approx(0.00118, abs=5e-6)


@pytest.fixture(scope="module")
def growth():
    """Slopes of boys (1) and girls (2)."""
    values = np.vstack([BOYS, GIRLS])
    ids = [f"child {n}" for n in range(len(values))]
    visits = pd.DataFrame(
        {"subject_id": np.repeat(ids, 4), "time": np.tile(AGES, len(values)),
         "value": values.ravel()}
    )  # fmt: skip
    return compare_slopes(visits, pd.Series(np.repeat([1, 2], [16, 11]), index=ids))


def test_growth_of_boys_and_girls(growth):
    # R, lme(distance ~ age, random = ~ 1 | Subject, subset = Sex == "Female"), as printed at
    # math.tau.ac.il/~felix/LIN/Mixed.html: slope 0.479545. All children were seen at all four
    # ages, so the slope is the same whatever the random part.
    assert growth.slopes.loc[1, "slope"] == pytest.approx(0.479545, abs=5e-7)
    assert growth.model.startswith("mixed model") and growth.converged


def test_growth_differs_as_the_slopes_of_single_children_do(growth):
    # With complete visits the REML estimate of the difference and its standard error are those
    # of the children's own slopes with a pooled variance, and so are the degrees of freedom.
    boys, girls = (np.polyfit(AGES, part.T, 1)[0] for part in (BOYS, GIRLS))
    row = growth.pairs.iloc[0]
    test = stats.ttest_ind(boys, girls)
    assert row["difference"] == pytest.approx(boys.mean() - girls.mean(), abs=1e-6)
    ends = test.confidence_interval()
    assert (row["ci_low"], row["ci_high"]) == pytest.approx((ends.low, ends.high), rel=1e-3)
    assert growth.p_value == pytest.approx(row["p_value"])
    assert growth.p_value == pytest.approx(test.pvalue, rel=1e-3)
    # lmerTest 3.1-3, anova(lmer(distance ~ age * Sex + (age | Subject), Orthodont)): F 5.12084
    # on 1 and 25.0113 df, p 0.032575; its optimizer stops a little before the optimum.
    assert growth.statistic == pytest.approx(5.12084, abs=5e-3)
    assert growth.df_residual == pytest.approx(25.0, abs=0.02)
    assert growth.p_value == pytest.approx(0.032575, abs=1e-4)
