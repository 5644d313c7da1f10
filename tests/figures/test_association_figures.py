"""Figures of associations: nothing is left out, moved or read as markup."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from clam_core.figures.associations import forest_plot, volcano
from clam_core.figures.chart_text import p_words, row_words
from clam_core.figures.follow_up import slope_plot, survival_curves
from clam_core.figures.variables import plot_levels, plot_numbers
from clam_core.statistics.effects.numbers import hedges_g
from clam_core.statistics.effects.one_scale import strengths
from clam_core.statistics.time.survival import Times, compare_survival
from tests.statistics.published import AML_EVENT, AML_LABELS, AML_TIME, grouped


def row(name, effect, size, low, high, **more):
    return {
        "variable": name, "label": name, "family": "f", "p_value": 0.01, "p_adjusted": 0.02,
        "effect_name": effect, "effect_size": size, "ci_low": low, "ci_high": high,
        "n_cluster_1": 50, "n_cluster_2": 50, **more,
    }  # fmt: skip


def table(*rows):
    return strengths(pd.DataFrame(list(rows))).set_index("variable")


def test_a_difference_becomes_the_correlation_with_the_cluster():
    rng = np.random.default_rng(0)
    first, second = rng.normal(0.6, 1, 3000), rng.normal(0, 1, 1000)
    found = hedges_g(grouped(first, second))
    own = table(row("x", "hedges_g", found.size, found.ci_low, found.ci_high,
                    n_cluster_1=3000, n_cluster_2=1000))  # fmt: skip
    member = np.repeat([1, 0], [3000, 1000])
    theirs = stats.pointbiserialr(member, np.concatenate([first, second])).statistic
    assert own.loc["x", "strength"] == pytest.approx(theirs, abs=1e-3)


def test_odds_ratios_and_shares_by_hand():
    # Borenstein et al. (2009), chapter 7: a log odds ratio of 0.9069 is d = 0.5000.
    found = table(
        row("odds", "odds_ratio", np.exp(0.9069), 1.0, np.inf),
        row("share", "omega_squared", 0.25, 0.0, 0.64),
        row("rate", "rate_ratio", 2.0, 1.1, 3.0, second_effect_name="rank_biserial",
            second_effect=0.3, second_low=0.1, second_high=0.5),
    )  # fmt: skip
    assert found.loc["odds", "strength"] == pytest.approx(0.5 / np.sqrt(0.25 + 4), abs=1e-4)
    assert found.loc["odds", ["low", "high"]].tolist() == [0.0, 1.0]
    assert found.loc["share", ["strength", "low", "high"]].tolist() == [0.5, 0.0, 0.8]
    assert found.loc["rate", ["strength", "low", "high"]].tolist() == [0.3, 0.1, 0.5]


def test_what_was_not_tested_has_no_strength():
    rows = pd.DataFrame([row("x", "", np.nan, np.nan, np.nan, p_value=np.nan)])
    assert strengths(rows).empty


@pytest.fixture
def effects():
    return pd.DataFrame(
        {
            "variable": list("abcd"), "label": ["<b>A</b>", "B", "C", "D"],
            "family": ["lung", "blood", "lung", "blood"], "strength": [0.2, 0.9, 0.5, 0.1],
            "low": [0.0, 0.8, 0.3, 0.0], "high": [0.4, 0.95, 0.7, 0.3],
            "p_adjusted": [0.2, 1e-20, 0.01, 0.9],
        }
    )  # fmt: skip


def test_forest_has_every_variable_once_by_family_strongest_first(effects):
    plot = forest_plot(effects, signed=False)
    ticks = plot.figure.layout.yaxis.ticktext
    assert list(ticks) == ["B", "D", "C", "&lt;b&gt;A&lt;/b&gt;"]
    drawn = {}
    for trace in plot.figure.data:
        for x, place, most, least, about in zip(trace.x, trace.y, trace.error_x.array,
                                                trace.error_x.arrayminus, trace.customdata,
                                                strict=True):  # fmt: skip
            drawn[about[0]] = (ticks[place][:1], x, x - least, x + most, trace.marker.symbol)
    assert drawn["b"] == ("B", 0.9, pytest.approx(0.8), pytest.approx(0.95), "circle")
    assert drawn["d"] == ("D", 0.1, 0.0, pytest.approx(0.3), "circle-open")
    assert len(drawn) == 4
    assert "4 variables" in plot.sentence and "2 differ" in plot.sentence
    assert "strongest is B (0.90" in plot.sentence


def test_volcano_heights_are_the_evidence_and_stay_finite(effects):
    plot = volcano(effects.assign(p_adjusted=[0.2, 0.0, 0.01, 0.9]))
    heights = {d[0]: y for trace in plot.figure.data
               for d, y in zip(trace.customdata, trace.y, strict=True)}  # fmt: skip
    assert heights["c"] == pytest.approx(2.0) and np.isfinite(heights["b"])
    assert "2 of 4 lie above" in plot.sentence
    texts = [text for trace in plot.figure.data for text in trace.text or ()]
    assert "&lt;b&gt;A&lt;/b&gt;" not in texts and "B" in texts  # only what differs is named


def test_every_value_is_a_point_in_its_cluster():
    ids = pd.Index([f"s{i}" for i in range(30)])
    values = pd.Series(np.arange(30.0), index=ids)
    values.iloc[3] = np.nan
    clusters = pd.Series([1] * 20 + [3] * 10, index=ids)
    plot = plot_numbers(values, clusters, "FVC (L)")
    points = {i: (t.name, y) for t in plot.figure.data if t.type == "scatter"
              for i, y in zip(t.customdata, t.y, strict=True)}  # fmt: skip
    assert len(points) == 29 and points["s25"] == ("Cluster 3 (n = 10)", 25.0)
    shapes = {trace.type for trace in plot.figure.data}
    assert shapes == {"violin", "box", "scatter"}  # 19 values have a violin, 10 a box
    assert "24.5 in cluster 3" in plot.sentence


def test_bars_are_shares_of_what_is_known_in_the_order_of_the_levels():
    ids = pd.Index([f"s{i}" for i in range(8)])
    kinds = pd.CategoricalDtype(["0", "1", "2"], ordered=True)
    values = pd.Series(["0", "1", "1", "2", None, "2", "2", "0"], index=ids).astype(kinds)
    plot = plot_levels(values, pd.Series([1, 1, 1, 1, 1, 2, 2, 2], index=ids), "Score")
    names = [trace.name for trace in plot.figure.data]
    assert names == ["0", "1", "2"]
    assert [list(trace.y) for trace in plot.figure.data] == [
        pytest.approx([25, 100 / 3]), pytest.approx([50, 0]), pytest.approx([25, 200 / 3]),
    ]  # fmt: skip
    assert list(plot.figure.data[0].x) == ["Cluster 1 (n = 4)", "Cluster 2 (n = 3)"]
    assert "1 in cluster 1, 2 in cluster 2" in plot.sentence


def test_survival_curves_fall_as_the_estimate_and_show_numbers_at_risk():
    found = compare_survival(Times(AML_TIME, AML_EVENT, AML_LABELS))
    at_risk = found.at_risk.set_axis([f"{t:g}" for t in found.at_risk.columns], axis="columns")
    plot = survival_curves(found.curves, at_risk.reset_index(), "weeks")
    lines = {t.name: t for t in plot.figure.data if t.name and t.name.startswith("Cluster")}
    # R, summary(survfit(Surv(time, status) ~ x, aml)), maintained: 0.184 at 48 weeks.
    assert lines["Cluster 1"].y[-1] == pytest.approx(0.184, abs=5e-4)
    assert lines["Cluster 1"].line.shape == "hv"
    assert lines["Cluster 1"].line.dash != lines["Cluster 2"].line.dash
    texts = [list(t.text) for t in plot.figure.data if t.mode == "text"]
    assert texts[0][0] == "11" and texts[1][0] == "12"  # all are at risk at the start


def test_slopes_carry_their_intervals():
    slopes = pd.DataFrame({"cluster": [1, 2], "slope": [-0.1, -0.4], "ci_low": [-0.2, -0.5],
                           "ci_high": [0.0, -0.3], "n_subjects": [20, 9]})  # fmt: skip
    plot = slope_plot(slopes, "FVC", "year")
    second = plot.figure.data[1]
    assert second.x == (-0.4,) and second.error_x.array[0] == pytest.approx(0.1)
    assert "−0.4 (−0.5 to −0.3) in cluster 2" in plot.sentence


def test_p_values_in_words():
    assert [p_words(p) for p in (0.0004, 0.0123, 0.25)] == ["p < 0.001", "p = 0.012", "p = 0.25"]


def test_a_row_in_words_leaves_out_what_nobody_has():
    row = {
        "label": "Fibrosis", "summary_cluster_1": "0: 23 (100 %); 3: 0 (0 %); 4: 0 (0 %)",
        "summary_cluster_2": "0: 1 (50 %); 3: 0 (0 %); 4: 1 (50 %)", "reason": "",
        "effect_name": "cramers_v", "effect_size": 0.5, "ci_low": 0.1, "ci_high": 0.8,
        "test": "chi-square", "p_value": 0.01, "p_adjusted": 0.2,
    }  # fmt: skip
    assert row_words(row, [1, 2]) == (
        "Fibrosis: cluster 1: 0: 23 (100 %) · cluster 2: 0: 1 (50 %); 4: 1 (50 %). Cramér's V 0.50 "
        "(90 % interval 0.10 to 0.80); chi-square, p = 0.010, after correction p = 0.20."
    )
    said = row_words({**row, "reason": "not testable, because it holds ids"}, [])
    assert said == "Fibrosis. Not testable, because it holds ids."


def test_scores_that_are_numbers_are_whole_and_have_an_order_of_colors():
    values = pd.Series([0.0, 1.0, 5.0, np.nan, 1.0])
    plot = plot_levels(values, pd.Series([1, 1, 2, 2, 2]), "GAP index", ordered=True)
    assert [bar.name for bar in plot.figure.data] == ["0", "1", "5"]
    assert "level is 0 in cluster 1, 1 in cluster 2" in plot.sentence
    plain = plot_levels(values, pd.Series([1, 1, 2, 2, 2]), "GAP index")
    assert plain.figure.data[0].marker.color != plot.figure.data[0].marker.color
