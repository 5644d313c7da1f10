"""The backdrop: means worked out one map at a time, what adds up, and what is left alone."""

import numpy as np
import pytest
import torch

from clam_core.errors import AlignmentError
from clam_core.localization import add_backdrop, backdrop, make_maps, make_reference
from clam_core.localization.backdrop import target_questions
from clam_core.settings import LocalizeSettings
from tests.localization.make import draw_images, small_model

GRID, LAYER = (9, 8), 1
CLUSTERS = np.array([0, 1, 2, 1, 0, 2, 2])


@pytest.fixture(scope="module")
def cohort():
    model, images = small_model(GRID), draw_images(len(CLUSTERS), GRID)
    return model, images, make_reference(model, [images], LAYER)


def settings(target="own"):
    return LocalizeSettings(layer=LAYER, target=target, n_steps=256, max_steps=256)


@pytest.mark.parametrize(("target", "others"), [(1, [1, 2, 3, 5, 6]), ((3, 1), [0, 4])])
def test_is_the_mean_over_scans_of_the_other_clusters(cohort, target, others):
    model, images, reference = cohort
    found = add_backdrop(model, reference, images.split(3), CLUSTERS, settings(target))
    alone = [
        make_maps(model, images[row : row + 1], settings(target), reference).nodes[0]
        for row in others
    ]
    (mean,) = found.backdrop.values()
    np.testing.assert_allclose(mean, np.mean(alone, axis=0), atol=1e-6)
    with_it = make_maps(model, images[:1], settings(target), found)
    without = make_maps(model, images[:1], settings(target), reference)
    np.testing.assert_allclose(with_it.nodes, without.nodes - mean.numpy(), atol=1e-6)
    np.testing.assert_array_equal(with_it.completeness, without.completeness)


def test_nodes_add_up_to_the_distance_from_the_other_scans(cohort):
    model, images, reference = cohort
    found = add_backdrop(model, reference, [images], CLUSTERS, settings())
    maps = make_maps(model, images[:1], settings(), found, CLUSTERS[:1])
    with torch.no_grad():
        log_q = model.log_assign(images)
    odds = log_q[:, 0] - torch.logsumexp(log_q[:, 1:], dim=1)
    expected = float(odds[0] - odds[torch.from_numpy(CLUSTERS != 0)].mean())
    assert abs(odds).max() > 0.2
    assert maps.nodes[0].sum() == pytest.approx(expected, abs=2e-3)


def test_own_asks_one_question_per_cluster(cohort):
    model, images, reference = cohort
    found = add_backdrop(model, reference, [images], CLUSTERS, settings())
    assert set(found.backdrop) == {(0, None), (1, None), (2, None)}
    assert [q.cluster for q in target_questions(settings((2, 1)), 3)] == [1]


def test_order_of_scans_and_batches_change_nothing(cohort):
    model, images, reference = cohort
    order = torch.tensor([3, 0, 6, 2, 5, 1, 4])
    first = add_backdrop(model, reference, images.split(2), CLUSTERS, settings(2))
    other = add_backdrop(
        model, reference, images[order].split(5), CLUSTERS[order.numpy()], settings(2)
    )
    np.testing.assert_allclose(first.backdrop[1, None], other.backdrop[1, None], atol=1e-6)


def test_large_cohorts_are_drawn_from(cohort, monkeypatch):
    model, images, reference = cohort
    whole = add_backdrop(model, reference, [images], CLUSTERS, settings(1)).backdrop[0, None]
    monkeypatch.setattr(backdrop, "MAX_SCANS", 2)
    drawn = [
        add_backdrop(model, reference, [images], CLUSTERS, settings(1)).backdrop[0, None]
        for _ in range(2)
    ]
    assert torch.equal(*drawn)
    assert not torch.allclose(drawn[0], whole)


def test_another_number_of_scans_is_refused(cohort):
    model, images, reference = cohort
    with pytest.raises(AlignmentError, match="6 scans do not fit"):
        add_backdrop(model, reference, [images[:6]], CLUSTERS, settings())


def test_a_scan_that_is_the_only_cluster_has_no_backdrop(cohort):
    model, images, reference = cohort
    alone = add_backdrop(model, reference, [images[:2]], np.array([1, 1]), settings(2))
    assert alone.backdrop == {}
