"""The map: what each point carries, what colours and grey mean, the sample of very many."""

import numpy as np
import pandas as pd
import pytest

from clam_core.figures import embedding
from clam_core.figures.embedding import ColorBy, cards, draw_map, sample_rows
from clam_core.figures.map_points import Marks
from clam_core.figures.palette import UNSELECTED, cluster_color, cluster_symbol
from clam_core.figures.regions import inside

IDS = [f"S{n}" for n in range(7)]


@pytest.fixture
def points():
    table = pd.DataFrame(
        {"x": np.arange(7.0), "y": np.arange(7.0) ** 2, "cluster": [1, 2, 1, 3, 2, 1, 1]},
        index=pd.Index(IDS, name="scan_id"),
    )
    return table.assign(card=[f"card {one}" for one in IDS])


def test_lines_of_density_are_highest_where_most_points_lie():
    rng = np.random.default_rng(0)
    places = np.concatenate([rng.normal((0, 0), 1, (900, 2)), rng.normal((20, 5), 1, (100, 2))])
    table = pd.DataFrame(places, columns=["x", "y"]).assign(cluster=1, card="")
    plain, lined = (draw_map(table, ColorBy(), with_density=one).figure for one in (False, True))
    assert [trace.type for trace in plain.data] == ["scattergl"]
    line, points = lined.data
    assert (line.type, points.type) == ("contour", "scattergl")
    up, across = np.unravel_index(np.argmax(line.z), np.shape(line.z))
    assert abs(line.x[across]) < 1.5 and abs(line.y[up]) < 1.5
    assert np.sum(line.z) == pytest.approx(len(table), rel=0.02)


def test_a_browser_without_webgl_gets_fewer_points_that_need_none(monkeypatch, points):
    assert [t.type for t in draw_map(points, ColorBy()).figure.data] == ["scattergl"] * 3
    plain = draw_map(points, ColorBy(), has_webgl=False)
    assert [t.type for t in plain.figure.data] == ["scatter"] * 3 and "drawn" not in plain.sentence
    monkeypatch.setattr(embedding, "MOST_WITHOUT_WEBGL", 5)
    few = draw_map(points, ColorBy(), Marks("S6", frozenset({"S2"})), has_webgl=False)
    assert {t.type for t in few.figure.data} == {"scatter"}
    assert len(placed(few.figure)) < len(IDS) and {"S2", "S6"} <= set(placed(few.figure))
    assert "of 7 scans, drawn at random" in few.sentence
    ring = few.figure.data[-1]
    assert ring.name == "open scan" and ring.marker.line.width == 3


def placed(figure):
    """Where each scan is drawn, and in which trace, from the figure alone."""
    return {
        scan: (float(x), float(y), trace.name)
        for trace in figure.data
        if trace.customdata is not None
        for scan, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
    }


def test_every_point_carries_its_scan_whatever_trace_it_is_in(points):
    found = placed(draw_map(points, ColorBy()).figure)
    assert set(found) == set(IDS)
    for scan, (x, y, name) in found.items():
        row = points.loc[scan]
        assert (x, y) == (row["x"], row["y"])
        assert name.startswith(f"Cluster {row['cluster']} (")


def test_a_cluster_has_its_color_symbol_and_count(points):
    drawn = draw_map(points, ColorBy(labels={2: "2: <b>dense</b>"}))
    seen = {t.name: (t.marker.color, t.marker.symbol) for t in drawn.figure.data}
    assert seen == {
        "Cluster 1 (4)": (cluster_color(1), cluster_symbol(1)),
        "2: &lt;b&gt;dense&lt;/b&gt; (2)": (cluster_color(2), cluster_symbol(2)),
        "Cluster 3 (1)": (cluster_color(3), cluster_symbol(3)),
    }
    assert "Map of 7 scans coloured by cluster: Cluster 1 4" in drawn.sentence


def test_numbers_get_a_color_bar_and_missing_ones_are_grey_and_counted(points):
    values = pd.Series([1.0, 2, np.nan, 4, 5, np.inf, 7], index=IDS)
    drawn = draw_map(points, ColorBy("FVC (L) <i>", values))
    assert drawn.figure.layout.coloraxis.colorbar.title.text == "FVC (L) &lt;i&gt;"
    (missing,) = [t for t in drawn.figure.data if t.name == "no value (2)"]
    assert (missing.marker.color, set(missing.customdata)) == (UNSELECTED, {"S2", "S5"})
    shown = {
        scan: float(color)
        for trace in drawn.figure.data
        if trace.marker.coloraxis
        for scan, color in zip(trace.customdata, trace.marker.color, strict=True)
    }
    assert shown == {"S0": 1, "S1": 2, "S3": 4, "S4": 5, "S6": 7}
    assert "no value 2" in drawn.sentence


def test_levels_keep_their_order_and_rare_ones_are_other():
    n = 40
    names = [f"level {k:02d}" for k in range(20)]
    values = [names[k] for k in range(20)] + [names[k] for k in range(10, 20)] + [None] * 10
    table = pd.DataFrame(
        {"x": 0.0, "y": 0.0, "cluster": 1, "card": ""}, index=[f"S{k}" for k in range(n)]
    )
    ordered = pd.Series(pd.Categorical(values, names, ordered=True), index=table.index)
    traces = [t.name for t in draw_map(table, ColorBy("stage", ordered)).figure.data]
    assert len(traces) <= embedding.MOST_LEVELS + 1
    assert traces[-1] == "no value (10)"
    assert traces[-2].startswith("other (")
    assert traces[:-2] == sorted(traces[:-2])
    assert "level 15 (2)" in traces
    counts = [int(name.rsplit("(", 1)[1][:-1]) for name in traces]
    assert sum(counts) == n


def test_the_selection_and_the_open_scan_are_drawn(points):
    marks = Marks("S3", frozenset({"S0", "S4", "gone"}))
    figure = draw_map(points, ColorBy(), marks).figure
    chosen = {
        trace.customdata[k]
        for trace in figure.data
        if trace.customdata is not None
        for k in trace.selectedpoints
    }
    assert chosen == {"S0", "S4"}
    ring = figure.data[-1]
    assert (ring.hoverinfo, list(ring.x), list(ring.y)) == ("skip", [3.0], [9.0])
    assert all(t.selectedpoints is None for t in draw_map(points, ColorBy()).figure.data)


def test_an_open_scan_alone_is_marked_as_a_click_marks_it(points):
    figure = draw_map(points, ColorBy(), Marks("S3")).figure
    marked = {t.name: [t.customdata[k] for k in t.selectedpoints] for t in figure.data}
    assert marked == {"Cluster 1 (4)": [], "Cluster 2 (2)": [], "Cluster 3 (1)": ["S3"]}


def test_cards_show_text_of_tables_letter_by_letter():
    index = pd.Index(["<b>S0", "S1"], name="scan_id")
    texts = {
        "": pd.Series(["Cluster 1", "Cluster 2"], index=index),
        "site": pd.Series(["A & <a href='x'>B</a>", ""], index=index),
    }
    assert cards(texts) == [
        "<b>&lt;b&gt;S0</b><br>Cluster 1<br>site A &amp; &lt;a href='x'&gt;B&lt;/a&gt;",
        "<b>S1</b><br>Cluster 2",
    ]


def test_a_sample_keeps_the_shares_of_clusters_and_small_clusters():
    clusters = np.repeat([1, 2, 3], [9000, 997, 3])
    rows = sample_rows(clusters, 1000)
    counts = np.bincount(clusters[rows])[1:]
    assert counts.tolist() == [900, 99, 1]
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, sample_rows(clusters, 1000))
    np.testing.assert_array_equal(sample_rows(clusters, 10_000), np.arange(10_000))


def test_a_sampled_map_says_so_and_keeps_what_is_marked(points, monkeypatch):
    monkeypatch.setattr(embedding, "MOST_POINTS", 3)
    drawn = draw_map(points, ColorBy(), Marks("S6", frozenset({"S2", "S5"})))
    assert {"S6", "S2", "S5"} <= set(placed(drawn.figure))
    assert "of 7 scans, drawn at random so that every cluster keeps its share" in drawn.sentence


def test_regions_are_those_of_another_library():
    other = pytest.importorskip("matplotlib.path", reason="the yardstick is not installed")
    random = np.random.default_rng(1)
    spots = pd.DataFrame(random.uniform(-1, 1, (2000, 2)), columns=["x", "y"])
    corners = random.uniform(-1, 1, (9, 2))
    expected = other.Path(corners).contains_points(spots.to_numpy())
    found = inside(spots, [], [{"x": corners[:, 0].tolist(), "y": corners[:, 1].tolist()}])
    assert (found == expected).mean() > 0.99


def test_boxes_and_lassos_by_hand():
    spots = pd.DataFrame({"x": [0.5, 2.0, 3.5, -1.0], "y": [0.5, 2.0, 0.5, 0.0]})
    box = {"x": [1, 0], "y": [0, 1]}  # corners in any order
    arrow = {"x": [3.0, 4.0, 3.4, 3.0], "y": [0.0, 0.5, 0.55, 1.0]}  # with a notch at the right
    assert inside(spots, [box], []).tolist() == [True, False, False, False]
    assert inside(spots, [box], [arrow]).tolist() == [True, False, True, False]
    notch = pd.DataFrame({"x": [3.6, 3.1], "y": [0.8, 0.8]})
    assert inside(notch, [], [arrow]).tolist() == [False, True]
    assert not inside(spots, [], []).any()
