"""Marks of clusters: the colour and symbol that charts have, as well-formed drawings."""

from xml.etree import ElementTree

import pytest

from clam_core.figures.cluster_mark import cluster_mark
from clam_core.figures.palette import CLUSTER_COLORS, CLUSTER_SYMBOLS

SHAPES = {"circle": "circle", "x": "path", "cross": "path"}


@pytest.mark.parametrize("cluster", range(1, len(CLUSTER_SYMBOLS) + 1))
def test_a_mark_has_the_colour_and_the_shape_of_its_cluster(cluster):
    (shape,) = ElementTree.fromstring(cluster_mark(cluster))  # noqa: S314  (our own text)
    symbol = CLUSTER_SYMBOLS[cluster - 1]
    assert shape.tag.split("}")[1] == SHAPES.get(symbol, "polygon")
    assert shape.get("fill") == CLUSTER_COLORS[cluster - 1]
    if shape.get("points"):
        corners = {"triangle-up": 3, "square": 4, "diamond": 4, "pentagon": 5, "star": 10}
        assert len(shape.get("points").split()) == corners[symbol]


def test_a_triangle_points_up_and_no_two_marks_are_alike():
    points = ElementTree.fromstring(cluster_mark(3))[0].get("points").split()  # noqa: S314
    heights = [float(point.split(",")[1]) for point in points]
    assert heights[0] == -10
    assert heights[1] == heights[2] == 5
    marks = [cluster_mark(cluster) for cluster in range(1, 25)]
    assert len(set(marks)) == len(marks)
