"""The largest clinical differences of a cluster, in words."""

import numpy as np
import pandas as pd

from clam_core.statistics.effects.what_sets_apart import top_differences


def rows(**p_adjusted):
    table = pd.DataFrame({"variable": list(p_adjusted), "p_adjusted": list(p_adjusted.values())})
    table["label"] = [name.upper() for name in p_adjusted]
    table["unit"] = "L"
    for number in (1, 2, 3):
        table[f"summary_cluster_{number}"] = f"{number}.00 ± 0.10"
    return table


def pair(variable, a, b, p, **values):
    base = {"difference": np.nan, "difference_low": np.nan, "difference_high": np.nan}
    base |= {"effect_name": "rank_biserial", "effect_size": 0.5, "ci_low": 0.2, "ci_high": 0.7}
    return {"variable": variable, "cluster_a": a, "cluster_b": b, "p_value": p, "p_adjusted": p,
            **base, **values}  # fmt: skip


FVC = {"difference": -1.0, "difference_low": -1.5, "difference_high": -0.5}


def test_a_difference_is_told_from_the_side_of_its_cluster():
    pairs = pd.DataFrame([pair("fvc", 1, 2, 0.01, **FVC)])
    (one,) = top_differences(rows(fvc=0.01), pairs, 1)
    (two,) = top_differences(rows(fvc=0.01), pairs, 2)
    assert (one.other, two.other) == (2, 1)
    assert one.label == "FVC (L)"
    assert "lower than in cluster 2; 1.00 ± 0.10 here, 2.00 ± 0.10 in cluster 2" in one.sentence
    assert "difference −1.00 (95 % interval −1.50 to −0.500) L" in one.sentence
    assert "higher than in cluster 1; 2.00 ± 0.10 here" in two.sentence
    assert "difference 1.00 (95 % interval 0.500 to 1.50) L" in two.sentence
    assert "adjusted p 0.010" in two.sentence


def test_signed_effects_turn_their_sign_and_ratios_their_value():
    pairs = pd.DataFrame(
        [
            pair("grade", 1, 2, 0.0001),
            pair("smokes", 1, 2, 0.02, effect_name="odds_ratio", effect_size=4.0, ci_low=2.0,
                 ci_high=8.0),
            pair("stage", 1, 2, 0.03, effect_name="cramers_v"),
            pair("ratio", 1, 2, 0.04, effect_name="standardized_difference"),
        ]
    )  # fmt: skip
    table = rows(grade=0.01, smokes=0.01, stage=0.01, ratio=0.01)
    found = top_differences(table, pairs, 2, 4)
    said = {one.variable: one.sentence for one in found}
    assert "lower than" in said["grade"]
    assert "−0.500 (95 % interval −0.700 to −0.200)" in said["grade"]
    assert "adjusted p < 0.001" in said["grade"]
    assert "odds ratio 0.250 (95 % interval 0.125 to 0.500)" in said["smokes"]
    assert "lower than" in said["ratio"]
    assert "−0.500 (95 % interval −0.700 to −0.200)" in said["ratio"]
    assert "different from cluster 1" in said["stage"]
    assert "0.500 (95 % interval 0.200 to 0.700)" in said["stage"]


def test_only_what_differs_after_correction_counts_and_each_variable_once():
    pairs = pd.DataFrame(
        [
            pair("a", 1, 2, 0.04),
            pair("a", 1, 3, 0.001),
            pair("b", 1, 2, 0.002),
            pair("c", 1, 2, 0.2),
            pair("d", 1, 2, 0.0001),
            pair("e", 2, 3, 0.0001),
            pair("f", 1, 3, 0.003),
            pair("g", 1, 3, 0.0031),
        ]
    )
    found = top_differences(rows(a=0.01, b=0.01, c=0.01, d=0.3, e=0.01, f=0.01, g=0.01), pairs, 1)
    assert [(one.variable, one.other) for one in found] == [("a", 3), ("b", 2), ("f", 3)]
    assert top_differences(rows(a=0.01), pd.DataFrame(), 1) == []


def test_long_lists_of_levels_are_left_to_the_table():
    table = rows(a=0.01)
    table["summary_cluster_1"] = "0: 22 (100 %); 2: 0 (0 %); 3: 0 (0 %)"
    (one,) = top_differences(table, pd.DataFrame([pair("a", 1, 2, 0.01)]), 1)
    assert "here" not in one.sentence
