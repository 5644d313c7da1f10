"""Shapes, trees and random fields against formulas and slow plain versions."""

import numpy as np
import pytest

from clam_core.phantom.frame import make_frame
from clam_core.phantom.settings import SubjectSettings
from clam_core.phantom.shapes import Ball, Tube, ball_distance, coverage, smooth_min, tube_distance
from clam_core.phantom.texture import cells, ct_noise, smooth_noise
from clam_core.phantom.tree import Tree, grow_tree, sample_tubes, spread

PLAIN = SubjectSettings(wobble_mm=0)


@pytest.fixture(scope="module")
def frame():
    return make_frame((70, 54, 60), PLAIN)


def voxel_mm3(frame):
    return np.prod(frame.spacing_mm)


def test_coverage_of_a_ball_has_the_volume_of_the_formula(frame):
    ball = Ball((10.0, -5.0, 20.0), (40.0, 25.0, 30.0))
    _, distance = ball_distance(frame.organs, ball, 10)
    volume = coverage(distance, frame.voxel_mm).sum() * voxel_mm3(frame)
    assert volume == pytest.approx(4 / 3 * np.pi * 40 * 25 * 30, rel=0.02)


def test_coverage_of_a_tube_has_the_volume_of_the_formula(frame):
    tube = Tube((-30.0, 10.0, -40.0), (20.0, 30.0, 50.0), 12.0)
    _, distance = tube_distance(frame.organs, tube, 10)
    length = np.sqrt(50**2 + 20**2 + 90**2)
    expected = np.pi * 12**2 * length + 4 / 3 * np.pi * 12**3
    volume = coverage(distance, frame.voxel_mm).sum() * voxel_mm3(frame)
    assert volume == pytest.approx(expected, rel=0.02)


def test_tube_distance_equals_a_search_along_the_axis(frame):
    tube = Tube((-30.0, 10.0, -40.0), (20.0, 30.0, 50.0), 12.0)
    window, distance = tube_distance(frame.organs, tube, 10)
    space = frame.organs
    points = np.stack([space.x[window], space.y[window], space.z[window]], axis=-1).reshape(-1, 3)
    axis = np.linspace(tube.start, tube.end, 400)
    some = np.random.default_rng(0).choice(len(points), 50)
    slow = [np.linalg.norm(axis - points[p], axis=1).min() - 12 for p in some]
    assert distance.ravel()[some] == pytest.approx(slow, abs=0.05)


def test_smooth_min_is_the_minimum_away_from_the_seam():
    first, second = np.array([0.0, 30.0, 5.0]), np.array([30.0, 0.0, 5.0])
    assert smooth_min(first, second, 10) == pytest.approx([0, 0, 5 - 10 / 4])


def test_tree_reaches_every_target_with_murrays_radii():
    targets = np.random.default_rng(1).uniform(-50, 50, (64, 3))
    tree = grow_tree(targets, (90.0, 0.0, 0.0), 5.0, np.random.default_rng(2))
    tips = tree.end[tree.level == 6]
    assert sorted(map(tuple, tips.round(6))) == sorted(map(tuple, targets.round(6)))
    mother, daughter = tree.radius[tree.level == 2][0], tree.radius[tree.level == 3][0]
    assert mother**3 == pytest.approx(2 * daughter**3)
    starts = set(map(tuple, tree.start[tree.level == 3].round(6)))
    assert starts == set(map(tuple, tree.end[tree.level == 2].round(6)))


def test_spread_keeps_the_volume_of_a_cylinder_and_its_place(frame):
    tree = Tree(
        np.array([[40.0, -20.0, -30.0]]),
        np.array([[60.0, 10.0, 30.0]]),
        np.array([1.5]),
        np.array([0]),
    )
    points, volumes = sample_tubes(tree, tree.radius, 2.0)
    share = spread(frame, frame.to_index(points), volumes)
    length = np.sqrt(20**2 + 30**2 + 60**2)
    assert share.sum() * voxel_mm3(frame) == pytest.approx(np.pi * 1.5**2 * length, rel=1e-3)
    space = frame.organs
    middle = [(axis * share).sum() / share.sum() for axis in (space.x, space.y, space.z)]
    assert middle == pytest.approx([50, -5, 0], abs=0.1)


def test_indices_of_points_invert_the_coordinates_of_voxels():
    subject = SubjectSettings(
        scale=(1.1, 0.9, 1.05), shift_mm=(5, -3, 8), inspiration=0.9, wobble_mm=3, seed=4
    )
    frame = make_frame((30, 26, 28), subject)
    index = np.random.default_rng(0).integers(2, 24, (200, 3))
    space, at = frame.organs, tuple(index.T)
    points = np.stack([space.x[at], space.y[at], space.z[at]], axis=-1).astype(float)
    assert frame.to_index(points) == pytest.approx(index, abs=0.05)


def test_smooth_noise_has_the_correlation_of_its_kernel():
    rng = np.random.default_rng(0)
    fields = [smooth_noise((48, 48, 48), np.array([2.0, 2.0, 2.0]), 5.0, rng) for _ in range(8)]
    field = np.stack(fields)
    assert field.std() == pytest.approx(1, abs=0.05)
    for lag in (1, 2, 4):
        found = np.mean(field * np.roll(field, lag, axis=2)) / np.mean(field**2)
        # White noise through a Gaussian of sd s: exp(-d^2 / (4 s^2)).
        assert found == pytest.approx(np.exp(-((2 * lag) ** 2) / (4 * 5**2)), abs=0.05)


def test_ct_noise_has_its_sd_and_a_grain_in_the_plane_only():
    noise = ct_noise((64, 64, 64), 20.0, np.random.default_rng(0))
    assert noise.std() == pytest.approx(20, rel=0.02)
    assert abs(noise.mean()) < 1
    power = np.abs(np.fft.fft2(noise, axes=(0, 1))) ** 2
    profile = power.mean(axis=2)
    assert profile[0, 1:4].mean() < 0.6 * profile[0, 10:16].mean()  # ramp
    assert profile[0, 28:32].mean() < 0.5 * profile[0, 10:16].mean()  # roll-off
    along = np.mean(noise * np.roll(noise, 1, axis=2)) / 400
    assert abs(along) < 0.3


def test_walls_lie_where_two_centers_are_equally_near():
    points = np.random.default_rng(3).uniform(0, 40, (300, 3))
    wall, tone = cells(points, 10.0, np.random.default_rng(5))
    assert (wall >= 0).all()
    assert ((tone >= 0) & (tone < 1)).all()
    # Along a line the tone changes where the wall is crossed, and only there.
    line = np.linspace([1, 2, 3], [39, 35, 38], 4000)
    wall, tone = cells(line, 10.0, np.random.default_rng(5))
    step = np.linalg.norm(line[1] - line[0])
    crossed = np.flatnonzero(np.diff(tone))
    assert 3 <= len(crossed) <= 15
    assert wall[crossed].max() <= step
    steady = np.convolve(np.diff(tone) != 0, np.ones(3), mode="same") == 0
    assert np.abs(np.diff(wall))[steady].max() <= step + 1e-6
    assert np.median(wall) > 1
