"""UMAP once for the module; PCA against scikit-learn; trust by a plain loop."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from clam_core.embedding import embed, n_trusted_neighbors, pca_plane, place, trust
from clam_core.errors import AlignmentError, ClamError
from clam_core.settings import EmbedSettings
from tests.clustering.made_features import grouped

UMAP, PLANE = EmbedSettings(), EmbedSettings(method="pca")


@pytest.fixture(scope="module")
def umap_plane():
    features, groups = grouped(0, (20, 18, 16), 10, 9.0)
    return features, groups, embed(features, UMAP)


def test_umap_keeps_groups_together(umap_plane):
    _, groups, found = umap_plane
    assert (found.method, found.note) == ("umap", "")
    distance = np.linalg.norm(found.positions[:, None] - found.positions[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (groups[distance.argmin(axis=1)] == groups).all()
    assert found.trust.mean() > 0.5
    assert ((found.trust >= 0) & (found.trust <= 1)).all()


def test_umap_does_not_depend_on_the_order_and_repeats(umap_plane):
    features, _, found = umap_plane
    order = np.random.default_rng(1).permutation(len(features))
    assert np.array_equal(embed(features[order], UMAP).positions, found.positions[order])
    other = embed(features, EmbedSettings(seed=1)).positions
    assert not np.array_equal(other, found.positions)


@pytest.mark.parametrize("n_scans", [4, 5, 16])
def test_umap_of_few_scans(n_scans):
    found = embed(np.random.default_rng(0).normal(size=(n_scans, 6)), UMAP)
    assert found.method == "umap"
    assert found.positions.shape == (n_scans, 2)
    assert np.isfinite(found.positions).all()


def test_scans_given_many_times_are_placed():
    features = np.repeat(np.random.default_rng(0).normal(size=(2, 6)), 10, axis=0)
    found = embed(features, UMAP)
    assert np.isfinite(found.positions).all()
    assert np.isfinite(found.trust).all()


def test_below_four_scans_the_plane_is_pca_with_a_note():
    features = np.random.default_rng(0).normal(size=(3, 6))
    found = embed(features, UMAP)
    assert found.method == "pca"
    assert found.note == (
        "UMAP needs at least 4 scans and there are 3; the plane shows principal components."
    )
    assert embed(features, PLANE).note == ""
    assert embed(features[:1], UMAP).positions.tolist() == [[0.0, 0.0]]


def test_equal_scans_are_one_point_with_a_note():
    found = embed(np.ones((8, 3)), UMAP)
    assert found.note.startswith("All 8 scans have the same features")
    assert found.positions == pytest.approx(np.zeros((8, 2)))


def test_pca_is_that_of_scikit_learn_up_to_sign():
    features = np.random.default_rng(2).normal(size=(20, 7)) * np.arange(1, 8)
    found = pca_plane(features)
    assert np.abs(found) == pytest.approx(np.abs(PCA(2).fit_transform(features)), abs=1e-9)
    assert pca_plane(-features) == pytest.approx(-found)
    axes = PCA(2).fit(features).components_
    for axis, column in zip(axes, found.T, strict=True):
        along = np.corrcoef(features @ axis, column)[0, 1]
        assert np.sign(along) == np.sign(axis[np.abs(axis).argmax()])


def test_pca_of_one_feature_leaves_the_second_axis_empty():
    found = pca_plane(np.array([[1.0], [3.0], [8.0]]))
    assert found == pytest.approx(np.array([[-3.0, 0], [-1.0, 0], [4.0, 0]]))


def plain_trust(features, positions, n_neighbors):
    found = []
    for row in range(len(features)):
        others = [other for other in range(len(features)) if other != row]
        near = [
            set(sorted(others, key=lambda o: np.linalg.norm(points[o] - points[row]))[:n_neighbors])
            for points in (features, positions)
        ]
        found.append(len(near[0] & near[1]) / n_neighbors)
    return found


@pytest.mark.parametrize(("n_scans", "n_neighbors"), [(40, 15), (12, 5), (3, 1)])
def test_trust_is_that_of_a_plain_loop(n_scans, n_neighbors):
    random = np.random.default_rng(n_scans)
    features = random.normal(size=(n_scans, 5))
    positions = features[:, :2] + 0.3 * random.normal(size=(n_scans, 2))
    assert n_trusted_neighbors(n_scans) == n_neighbors
    found = trust(features, positions)
    assert found == pytest.approx(plain_trust(features, positions, n_neighbors))
    assert trust(features * 7, positions / 3) == pytest.approx(found)


def test_trust_at_its_ends():
    features = np.arange(8.0)[:, None] ** 1.5
    assert trust(features, np.c_[features, 0 * features]).tolist() == [1.0] * 8
    assert trust(np.zeros((1, 3)), np.zeros((1, 2))).tolist() == [1.0]
    assert trust(np.zeros((6, 3)), np.zeros((6, 2))) == pytest.approx(np.ones(6))
    # Two pairs far apart, torn up on the plane: no scan keeps its neighbor.
    torn = np.array([[0.0, 0], [9, 0], [0, 1], [9, 1]])
    assert trust(np.array([[0.0], [1], [50], [51]]), torn).tolist() == [0.0] * 4


def test_a_scan_of_the_run_is_placed_where_it_is(umap_plane):
    features, _, found = umap_plane
    assert place(features, features, found.positions, "umap") == pytest.approx(
        found.positions, abs=1e-6
    )


def test_new_scans_land_in_their_group(umap_plane):
    features, groups, found = umap_plane
    random = np.random.default_rng(3)
    new = features + 0.5 * random.normal(size=features.shape)
    placed = place(new, features, found.positions, "umap")
    centers = np.stack([found.positions[groups == g].mean(axis=0) for g in range(3)])
    nearest = np.linalg.norm(placed[:, None] - centers, axis=2).argmin(axis=1)
    assert (nearest == groups).all()
    assert np.array_equal(place(new[:1], features, found.positions, "umap")[0], placed[0])


def test_placing_by_hand():
    features = np.array([[0.0], [3.0]])
    positions = np.array([[0.0, 0.0], [10.0, 5.0]])
    placed = place(np.array([[1.0]]), features, positions, "umap")
    assert placed == pytest.approx(np.array([[2.0, 1.0]]))  # weights 1 and 1/4


def test_placing_on_a_pca_plane_is_a_projection():
    features = np.random.default_rng(4).normal(size=(12, 4))
    found = embed(features, PLANE)
    model = PCA(2).fit(features)
    new = np.random.default_rng(5).normal(size=(3, 4))
    placed = place(new, features, found.positions, "pca")
    assert np.abs(placed) == pytest.approx(np.abs(model.transform(new)))
    assert place(features, features, found.positions, "pca") == pytest.approx(found.positions)


def test_what_does_not_fit_is_refused():
    features = np.zeros((5, 3))
    with pytest.raises(AlignmentError, match="5 rows of features do not fit 4 positions"):
        trust(features, np.zeros((4, 2)))
    with pytest.raises(AlignmentError, match=r"shape \(2, 4\) do not fit a plane made from 3"):
        place(np.zeros((2, 4)), features, np.zeros((5, 2)), "umap")
    with pytest.raises(AlignmentError, match="do not fit 4 positions"):
        place(np.zeros((2, 3)), features, np.zeros((4, 2)), "umap")
    with pytest.raises(AlignmentError, match=r"they have shape \(3,\)"):
        embed(np.zeros(3), UMAP)
    with pytest.raises(ClamError, match="1 of 5 scans have features that are not finite"):
        embed(np.array([[0.0], [1], [np.inf], [2], [3]]), UMAP)
