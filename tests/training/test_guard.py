"""The guard's criteria against cases made by hand."""

import re

import numpy as np
import pytest
import torch

from clam_core.training import guard
from clam_core.training.guard import Standing, complaint, standing

START = Standing((60, 40), 0.5, 1.0)


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (Standing((70, 30), 0.5, 1.0), None),
        (Standing((70, 30), 0.9, 1.49), None),
        (Standing((99, 1), 0.6, 0.9), None),
        (Standing((100, 0), 0.6, 0.9), "left 1 of 2 clusters without scans"),
        (Standing((60, 40), 0.49, 0.9), r"silhouette worse \(0.500 to 0.490\)"),
        (Standing((60, 40), 0.6, 1.51), "reconstruction worse .* 1 to 1.51"),
        (Standing((60, 40), 0.6, float("nan")), "reconstruction worse"),
    ],
)
def test_complaints(end, expected):
    found = complaint(START, end)
    if expected is None:
        assert found is None
    else:
        assert re.search(expected, found)


@pytest.mark.parametrize(
    ("counts", "n_dead"),
    [((5, 1), 0), ((5, 0), 1), ((298, 2), 1), ((297, 3), 0), ((0, 0, 9), 2)],
)
def test_a_cluster_is_dead_below_one_scan_or_one_in_a_hundred(counts, n_dead):
    assert Standing(counts, 0.5, 1.0).n_dead == n_dead


def plain_silhouette(points, clusters):
    """Rousseeuw (1987), one scan at a time."""
    scores = []
    for i, point in enumerate(points):
        far = [np.linalg.norm(point - other) for other in points]
        means = {
            c: np.mean([far[j] for j in range(len(points)) if clusters[j] == c and j != i])
            for c in set(clusters)
            if any(clusters[j] == c and j != i for j in range(len(points)))
        }
        own = means.pop(clusters[i], None)
        nearest = min(means.values())
        scores.append(0.0 if own is None else (nearest - own) / max(nearest, own))
    return float(np.mean(scores))


def test_standing_counts_and_scores_as_by_hand():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(m, 1, (n, 3)) for m, n in ((0, 9), (3, 6), (6, 1))])
    clusters = np.repeat([0, 1, 2], [9, 6, 1])
    found = standing(torch.tensor(points), torch.eye(4)[clusters], 0.25)
    assert found.counts == (9, 6, 1, 0)
    assert found.reconstruction == 0.25
    assert found.silhouette == pytest.approx(plain_silhouette(points, clusters.tolist()))


def test_one_cluster_for_all_or_one_each_have_no_silhouette():
    points = torch.arange(4.0)[:, None]
    assert standing(points, torch.eye(4)[[0, 0, 0, 0]], 1.0).silhouette == -1
    assert standing(points, torch.eye(4), 1.0).silhouette == 0


def test_many_scans_are_judged_by_a_part_of_them(monkeypatch):
    rng = np.random.default_rng(0)
    points = torch.tensor(np.concatenate([rng.normal(m, 1, (400, 2)) for m in (0, 4)]))
    clusters = torch.eye(2).repeat_interleave(400, dim=0)
    whole = standing(points, clusters, 1.0).silhouette
    monkeypatch.setattr(guard, "SILHOUETTE_SCANS", 200)
    part = standing(points, clusters, 1.0).silhouette
    assert part == pytest.approx(whole, abs=0.05)
    assert part != whole
