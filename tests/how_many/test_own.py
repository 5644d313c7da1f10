"""How stable the clusters of a run are."""

import numpy as np

from clam_core.how_many.run_stability import N_LAID_OUT, cluster_stability


def rings(n=80):
    """Two rings, one within the other: no clusters of k-means until they are unrolled."""
    random = np.random.default_rng(0)
    radius = np.repeat([1.0, 5.0], n // 2) + random.normal(0, 0.1, n)
    angle = random.uniform(0, 2 * np.pi, n)
    points = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)])
    return points, np.repeat([1, 2], n // 2)


def test_noise_is_not_stable():
    random = np.random.default_rng(0)
    noise = random.normal(size=(60, 6))
    found = cluster_stability(noise, random.integers(1, 5, 60), "kmeans", 0)
    assert max(found.jaccard_of) < 0.6


def test_every_resampled_cohort_is_laid_out_as_the_run_was():
    points, clusters = rings()
    seeds = []

    def lay_out(part, seed):
        seeds.append(seed)
        return np.linalg.norm(part, axis=1, keepdims=True)

    bare = cluster_stability(points, clusters, "gmm", 3)
    found = cluster_stability(points, clusters, "gmm", 3, lay_out)
    assert min(found.jaccard_of) == found.seeds_ari == 1.0
    assert min(bare.jaccard_of) < 0.75
    assert seeds == [3] * N_LAID_OUT + [3, 4, 5, 6, 7]
