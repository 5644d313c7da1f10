"""The neighbor graph against a plain one with all distances; its cap; its links, block by block."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from clam_core.clustering import neighbor_graph, row_blocks
from clam_core.clustering.neighbor_graph import graph_vectors, joined_graph, n_neighbors_of
from clam_core.clustering.row_blocks import distance_blocks
from clam_core.clustering.row_blocks import row_blocks as blocks_of
from tests.clustering.made_features import grouped


def links_of_all_pairs(values, part):
    """Prim's algorithm on the whole matrix; of equal links that of the first scans."""
    distance, inside, links = cdist(values, values), part == part[0], []
    while not inside.all():
        ones, others = np.flatnonzero(inside), np.flatnonzero(~inside)
        between = distance[np.ix_(ones, others)]
        one, other = np.unravel_index(between.argmin(), between.shape)
        links.append((ones[one], others[other]))
        inside |= part == part[others[other]]
    return links


@pytest.mark.parametrize("decimals", [6, 0])
@pytest.mark.parametrize("block_rows", [1, 7, 1000])
def test_links_are_those_of_all_pairs(monkeypatch, decimals, block_rows):
    def few_rows(n_rows, n_columns):
        return blocks_of(n_rows, n_columns, 8 * n_columns * block_rows)

    monkeypatch.setattr(neighbor_graph, "row_blocks", few_rows)
    random = np.random.default_rng(1)
    part = random.integers(0, 6, 80).astype(np.int32)
    values = (random.normal(size=(80, 3)) + 3 * part[:, None]).round(decimals)
    found = neighbor_graph._shortest_links(values, part)
    assert found == links_of_all_pairs(values, part)
    assert len(found) == 5


def test_the_graph_is_that_of_all_pairs():
    values, groups = grouped(0, (30, 30, 30), 4, 40.0)
    n_neighbors = n_neighbors_of(90)
    order = np.argsort(cdist(values, values), axis=1)[:, :n_neighbors]
    near = np.zeros((90, 90))
    np.put_along_axis(near, order, 1.0, axis=1)
    expected = 0.5 * (near + near.T)
    for one, other in links_of_all_pairs(values, groups.astype(np.int32)):
        expected[one, other] = expected[other, one] = 0.5
    found = joined_graph(values)
    assert np.array_equal(found.toarray(), expected)
    assert found.has_sorted_indices


def test_the_modes_are_those_of_the_random_walk():
    from clam_core.clustering.feature_matrix import sorted_rows

    rows = sorted_rows(grouped(1, (20, 20, 20), 3, 8.0)[0])
    vectors = graph_vectors(rows, 3)
    weights = joined_graph(rows.values).toarray()
    walk = weights / weights.sum(axis=1, keepdims=True)
    values = (walk @ vectors * vectors).sum(axis=0) / np.square(vectors).sum(axis=0)
    assert walk @ vectors == pytest.approx(vectors * values, abs=1e-9)


def test_the_number_of_neighbors_is_capped_from_2000_scans_on():
    numbers = {4: 2, 19: 9, 50: 10, 600: 120, 1999: 400, 2000: 400, 2100: 400, 32_000: 400}
    assert {n: n_neighbors_of(n) for n in numbers} == numbers


@pytest.mark.parametrize("n_rows", [0, 1, 2, 9, 10, 11, 100])
def test_blocks_cover_all_rows_once_and_fit(n_rows):
    parts = list(blocks_of(n_rows, 5, 8 * 5 * 10))
    covered = [row for part in parts for row in range(n_rows)[part]]
    assert covered == list(range(n_rows))
    sizes = [part.stop - part.start for part in parts]
    assert not sizes or (max(sizes) <= 10 and max(sizes) - min(sizes) <= 1)
    assert len(parts) == -(-n_rows // 10)


def test_a_single_row_is_never_divided_and_2896_scans_are_one_block():
    assert len(list(blocks_of(3, 1000, 8))) == 3
    assert len(list(blocks_of(2896, 2896))) == 1
    assert len(list(blocks_of(2897, 2897))) == 2


@pytest.mark.parametrize("n_scans", [1, 2, 10, 11, 23])
def test_blocks_of_distances_are_all_distances(monkeypatch, n_scans):
    small = lambda n_rows, n_columns: blocks_of(n_rows, n_columns, 80 * n_columns)  # noqa: E731
    monkeypatch.setattr(row_blocks, "row_blocks", small)
    values = np.random.default_rng(0).normal(size=(n_scans, 3))
    parts = [distance for _, distance in distance_blocks(values)]
    assert np.array_equal(np.concatenate(parts), cdist(values, values))
    assert max(len(part) for part in parts) <= 10


def test_of_equally_short_links_the_first_scans_are_joined():
    """A scan of its own between two that have been joined one after the other, equally near."""
    values = np.array([[0.0, 0], [0, 2], [1, 1]])  # links of sqrt(2), and one of 2 that is not made
    found = neighbor_graph._shortest_links(values, np.array([1, 1, 0], np.int32))
    assert found == [(0, 2)]
    far = np.array([[5.0, 0], [0, 0], [0, 1], [5, 1], [2.5, 9]])
    part = np.array([0, 1, 1, 0, 2], np.int32)  # the last is as near to scan 3 as to scan 2
    assert neighbor_graph._shortest_links(far, part) == [(0, 1), (2, 4)]
