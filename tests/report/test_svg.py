"""Drawings: places of points, ticks, sizes of bars."""

import math
import re
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st

from clam_core.report.charts import curves, flow, ink_on, plane_map, shares
from clam_core.report.charts_clinical import level_colors, levels, points, survival
from clam_core.report.charts_effects import forest
from clam_core.report.charts_maps import has_lungs, lungs
from clam_core.report.svg import Scale, coordinate, mark, nice_ticks, shorten, tick_text

NS = "{http://www.w3.org/2000/svg}"


def drawn(picture):
    root = ElementTree.fromstring(str(picture))
    assert root.get("role") == "img"
    assert root.get("aria-label")
    return root


def texts(root):
    return [element.text for element in root.iter(f"{NS}text")]


def test_a_scale_goes_from_end_to_end():
    up = Scale(10, 20, 200, 100)
    assert [up(10), up(15), up(20)] == [200, 150, 100]
    assert up(99) == 100  # what lies beyond the axis comes to lie at its end
    across = Scale(0.1, 10, 0, 100, log=True)
    assert across(1) == pytest.approx(50)
    assert across.ticks() == pytest.approx([0.1, 0.2, 0.5, 1, 2, 5, 10])


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.16, 0.24, [0.16, 0.18, 0.2, 0.22, 0.24]),
        (-3, 97, [-20, 0, 20, 40, 60, 80, 100]),
    ],
)
def test_ticks_are_round(low, high, ticks):
    assert nice_ticks(low, high) == pytest.approx(ticks)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_ticks_span_the_values_in_equal_steps(low, width):
    ticks = nice_ticks(low, low + width)
    assert ticks[0] <= low + 1e-6 * width
    assert ticks[-1] >= low + width * (1 - 1e-6)
    steps = np.diff(ticks)
    assert steps == pytest.approx(np.full(len(steps), steps[0]), rel=1e-6, abs=1e-9)
    assert 2 <= len(ticks) <= 14


def test_texts_of_numbers():
    assert [tick_text(v) for v in (0.2, -5, 1000)] == ["0.2", "−5", "1000"]
    assert [coordinate(v) for v in (-0.001, 2.25)] == ["0.0", "2.2"]
    assert shorten("abcdef", 4) == "abc…"


@pytest.mark.parametrize("symbol", ["circle", "x", "triangle-up", "square", "diamond", "star"])
def test_marks_lie_around_their_place(symbol):
    text = str(mark(50, 70, symbol, "#000000", 4))
    if symbol == "circle":
        assert 'cx="50.0" cy="70.0"' in text
        return
    corners = re.findall(r"([\d.]+) ([\d.]+)", re.search(r'd="([^"]+)"', text)[1])
    places = np.array(corners, float)
    assert places.mean(axis=0) == pytest.approx([50, 70], abs=1.5)
    assert np.abs(places - [50, 70]).max() <= 4 * 1.5


def test_points_of_the_plane_are_all_there_and_not_distorted():
    members = pd.DataFrame({"x": [0.0, 10, 0], "y": [0.0, 0, 5], "cluster": [1, 1, 1]})
    root = drawn(plane_map(members, {1: 3}, "UMAP", "map"))
    circles = [(float(c.get("cx")), float(c.get("cy"))) for c in root.iter(f"{NS}circle")]
    assert len(circles) == 4  # three scans and the legend
    a, b, c = circles[:3]
    assert math.dist(a, b) == pytest.approx(2 * math.dist(a, c), abs=0.3)
    assert c[1] < a[1]  # up is up
    assert "Cluster 1 (3)" in texts(root)


def test_bars_are_as_long_as_their_shares():
    rows = {"Cluster 1": {"a": 0.75, "b": 0.25}}
    root = drawn(shares(rows, {"a": "#ff0000", "b": "#00ff00"}, "bars"))
    wide = {}
    for one in root.iter(f"{NS}rect"):
        if one.get("stroke"):
            wide[one.get("fill")] = float(one.get("width"))
    assert wide["#ff0000"] == pytest.approx(3 * wide["#00ff00"], rel=0.01)
    assert {"75 %", "25 %"} <= set(texts(root))


def test_columns_of_levels_carry_their_counts():
    counts = pd.DataFrame([[3, 1], [0, 4]], index=[1, 2], columns=["no", "yes"])
    root = drawn(levels(counts, "Died", "columns", ordered=False))
    tall = [float(r.get("height")) for r in root.iter(f"{NS}rect") if r.get("stroke") == "#ffffff"]
    assert tall == pytest.approx([132, 44, 0, 176], abs=0.2)  # 3/4, 1/4, none, all of 176 pixels
    assert {"3", "1", "4", "n = 4"} <= set(texts(root))


def test_boxes_are_median_and_quartiles():
    values = {1: np.array([0.0, 1, 2, 3, 4]), 2: np.array([4.0])}
    root = drawn(points(values, "FVC (L)", "boxes"))
    marks = [e for e in root.iter() if e.get("stroke-width") == "0.8"]
    assert len(marks) == 6
    axis = {t.text: float(t.get("y")) - 4 for t in root.iter(f"{NS}text")}
    box = next(r for r in root.iter(f"{NS}rect") if r.get("fill") == "#f4f6f8")
    assert float(box.get("y")) == pytest.approx(axis["3"], abs=0.2)
    assert float(box.get("height")) == pytest.approx(axis["1"] - axis["3"], abs=0.2)


def test_effects_lie_on_their_axis():
    effects = pd.DataFrame(
        {
            "label": ["FVC", "Age"], "family": ["lung", "person"], "strength": [0.5, 0.0],
            "low": [0.25, 0.0], "high": [0.75, 0.1], "p_adjusted": [0.01, 0.5],
        }
    )  # fmt: skip
    root = drawn(forest(effects, "Strength", "forest", signed=False))
    axis = {t.text: float(t.get("x")) for t in root.iter(f"{NS}text")}
    first, second = root.iter(f"{NS}circle")
    assert float(first.get("cx")) == pytest.approx((axis["0"] + axis["1"]) / 2)
    assert first.get("fill") != "#ffffff"
    assert second.get("fill") == "#ffffff"
    assert {"lung", "person", "0.50 (0.25 to 0.75)"} <= set(texts(root))


def test_survival_falls_in_steps():
    curve = pd.DataFrame({"cluster": 1, "time": [0.0, 5, 10], "survival": [1.0, 0.5, 0.25]})
    curve = curve.assign(ci_low=[1.0, 0.2, 0.1], ci_high=[1.0, 0.8, 0.6])
    at_risk = pd.DataFrame({"cluster": [1], "0": [4], "10": [1]})
    root = drawn(survival(curve, at_risk, "months", "curves"))
    line = next(root.iter(f"{NS}polyline")).get("points").split()
    places = [tuple(map(float, point.split(","))) for point in line]
    assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(places))
    assert places[0][1] == 34  # everybody at the start
    assert places[-1][1] == pytest.approx(34 + 0.75 * (250 - 34))
    assert {"4", "1", "At risk"} <= set(texts(root))
    band = next(one for one in root.iter(f"{NS}path") if one.get("fill-opacity"))
    corners = band.get("d").removeprefix("M").removesuffix("Z").split("L")
    heights = {float(corner.split()[1]) for corner in corners}
    expected = [34 + (1 - s) * 216 for s in (1, 0.8, 0.6, 0.2, 0.1)]
    assert sorted(heights) == pytest.approx(expected)


def test_lungs_show_the_right_one_on_the_left():
    assert has_lungs({"Cluster 1": {"left upper": 0.5, "right lower": 0.1, "upper": 0.2}})
    assert not has_lungs({"Cluster 1": {"left upper": 0.2, "upper": 0.8}})
    assert not has_lungs({"Cluster 1": {}})
    root = drawn(lungs({"Cluster 1": {"right upper": 0.6, "left lower": 0.3}}, "lungs"))
    places = {t.text: (float(t.get("x")), float(t.get("y"))) for t in root.iter(f"{NS}text")}
    assert places["60 %"][0] < places["30 %"][0]
    assert places["60 %"][1] < places["30 %"][1]
    colors = [p.get("fill") for p in root.iter(f"{NS}path")]
    assert colors.count("#d95f0e") == 1  # the largest share has the full color


def test_a_hostile_name_is_a_text_in_a_drawing():
    name = "<script>&"
    root = drawn(curves({name: [(1, 1), (2, 3)], "b": [(1, 2)]}, ("x", name), name))
    assert texts(root).count(name) == 2
    assert root.get("aria-label") == name
    assert drawn(flow([(name, ""), ("b", name)], name)) is not None


def test_colors_of_levels_and_ink():
    assert len(set(level_colors(6, ordered=True))) == 6
    assert level_colors(1, ordered=True)
    assert ink_on("#ffffff") != ink_on("#000000")
