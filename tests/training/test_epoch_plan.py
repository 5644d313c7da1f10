"""Order, shifts, noise and step size: what follows from seed and epoch."""

import math

import numpy as np
import pytest
import torch

from clam_core.settings import TrainSettings
from clam_core.training.epoch_plan import learning_rate, noisy, plan_epoch, shifted

SETTINGS = TrainSettings(batch_size=4, shift_voxels=2, noise_sd=0.5, seed=3)


def test_each_scan_comes_once_per_epoch_in_an_order_of_its_own():
    first, same, other = (plan_epoch(10, 3, SETTINGS, epoch) for epoch in (1, 1, 2))
    orders = [torch.cat(plan.batches).tolist() for plan in (first, same, other)]
    assert [len(batch) for batch in first.batches] == [4, 4, 2]
    assert sorted(orders[0]) == list(range(10))
    assert orders[0] == orders[1] != orders[2]
    assert first.shifts == same.shifts != other.shifts


def test_shifts_take_every_value_up_to_the_limit_on_every_axis():
    shifts = np.array(
        [shift for epoch in range(1, 40) for shift in plan_epoch(10, 3, SETTINGS, epoch).shifts]
    )
    for axis in range(3):
        assert set(shifts[:, axis]) == {-2, -1, 0, 1, 2}


def test_a_shift_is_a_roll():
    values = torch.arange(24.0).reshape(1, 1, 4, 6)
    expected = np.roll(values.numpy(), (1, -2), axis=(2, 3))
    np.testing.assert_array_equal(shifted(values, (1, -2)).numpy(), expected)
    assert shifted(values, (0, 0)) is values


def test_noise_has_its_spread_and_leaves_the_images_alone():
    clean = torch.ones(8, 1, 20, 20, 20)
    added = noisy(clean, torch.arange(8), SETTINGS, 1) - 1
    assert torch.equal(clean, torch.ones_like(clean))
    assert added.mean().item() == pytest.approx(0, abs=0.01)
    assert added.std().item() == pytest.approx(0.5, rel=0.02)
    flat = added.flatten(1).numpy()
    correlation = np.corrcoef(flat) - np.eye(8)
    assert np.abs(correlation).max() < 0.06


def test_noise_depends_on_seed_epoch_and_row_but_not_on_the_batch():
    clean = torch.zeros(3, 1, 8, 8)
    together = noisy(clean, torch.tensor([5, 7, 9]), SETTINGS, 2)
    alone = noisy(clean[:1], torch.tensor([7]), SETTINGS, 2)
    assert torch.equal(together[1:2], alone)
    assert not torch.equal(alone, noisy(clean[:1], torch.tensor([7]), SETTINGS, 3))
    reseeded = SETTINGS.model_copy(update={"seed": 4})
    assert not torch.equal(alone, noisy(clean[:1], torch.tensor([7]), reseeded, 2))
    silent = SETTINGS.model_copy(update={"noise_sd": 0.0})
    assert noisy(clean, torch.arange(3), silent, 1) is clean


def test_the_step_size_rises_for_twenty_steps_and_falls_along_a_cosine():
    settings = TrainSettings(learning_rate=0.1)
    rates = [learning_rate(settings, step, 220) for step in range(220)]
    assert rates[0] == pytest.approx(0.1 / 20)
    assert rates[9] == pytest.approx(0.05)
    assert rates[19] == rates[20] == pytest.approx(0.1)
    assert rates[120] == pytest.approx(0.05)
    assert rates[70] == pytest.approx(0.1 * (1 + math.sqrt(0.5)) / 2)
    assert rates[-1] < 1e-4
    assert np.diff(rates[20:]).max() < 0


def test_a_short_phase_warms_up_for_a_quarter_of_it():
    settings = TrainSettings(learning_rate=1)
    rates = [learning_rate(settings, step, 8) for step in range(8)]
    assert rates[:3] == pytest.approx([0.5, 1, 1])
    assert learning_rate(settings, 0, 1) == 1


def test_a_constant_step_size_is_constant():
    settings = TrainSettings(learning_rate=0.1, schedule="constant")
    assert {learning_rate(settings, step, 50) for step in range(50)} == {0.1}
