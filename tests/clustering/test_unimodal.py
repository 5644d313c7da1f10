"""Cohorts of one heap: valleys are filled, tails and spread stay."""

import numpy as np
import pytest

from clam_core.clustering.unimodal import nearest_unimodal, unimodal_cohorts


def rises_and_falls(fitted):
    slopes = np.diff(fitted.shares) / np.maximum(np.diff(fitted.places), 1e-12)
    peak = int(slopes.argmax())
    rising, falling = slopes[: peak + 1], slopes[peak:]
    return (np.diff(rising) >= -1e-9).all() and (np.diff(falling) <= 1e-9).all()


@pytest.mark.parametrize("distance", [0, 8])
def test_there_is_one_peak(distance):
    values = np.random.default_rng(1).normal(size=100)
    values[::2] += distance
    assert rises_and_falls(nearest_unimodal(values))


def test_a_valley_is_filled():
    values = np.random.default_rng(1).normal(size=200)
    values[::2] += 10
    drawn = nearest_unimodal(values).draw(4000, np.random.default_rng(0))
    assert ((values > 3) & (values < 7)).mean() < 0.01
    assert ((drawn > 3) & (drawn < 7)).mean() > 0.2


def test_a_single_heap_stays_what_it_is():
    values = np.random.default_rng(2).exponential(size=500)
    drawn = nearest_unimodal(values).draw(5000, np.random.default_rng(0))
    levels = (10, 50, 90, 97)
    np.testing.assert_allclose(
        np.percentile(drawn, levels), np.percentile(values, levels), rtol=0.15
    )


def test_a_cohort_keeps_its_spread_along_each_principal_axis():
    random = np.random.default_rng(3)
    values = random.normal(size=(200, 3)) @ np.array([[3.0, 1, 0], [0, 1, 0], [0, 0, 0.1]])
    values -= values.mean(axis=0)
    drawn = next(unimodal_cohorts(values, random, 1))
    lengths, axes = np.linalg.eigh(np.cov(values.T))
    along = (drawn @ axes).var(axis=0, ddof=1)
    np.testing.assert_allclose(along, lengths, rtol=1e-6)


def test_an_axis_without_spread_stays_without():
    values = np.zeros((20, 2))
    values[:, 0] = np.arange(20) - 9.5
    assert np.allclose(next(unimodal_cohorts(values, np.random.default_rng(0), 1))[:, 1], 0)
