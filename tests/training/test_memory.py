"""Out of memory: the batch is halved, it is said, and the result is the same."""

import pytest
import torch

from clam_core.errors import SettingsError
from clam_core.settings import TrainSettings
from clam_core.training import Context, encode, memory, pretrain
from clam_core.training.memory import Parts, is_out_of_memory
from clam_core.training.pretrain import Reconstruction
from tests.training.make import QUICK, images, network, state_of
from tests.training.test_resume import Killed, file_in, kill_after

ON_A_PROCESSOR = (
    "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: "
    "you tried to allocate 9 bytes."
)


def fits(monkeypatch, n_most, error=None):
    """Let a loss of more scans than `n_most` fail, half-way through the batch."""
    terms, tried = Reconstruction.terms, []

    def limited(self, rows, inputs, clean):
        tried.append(len(rows))
        if len(rows) > n_most:
            raise error or RuntimeError(ON_A_PROCESSOR)
        return terms(self, rows, inputs, clean)

    monkeypatch.setattr(Reconstruction, "terms", limited)
    return tried


@pytest.mark.parametrize(
    "error", [None, torch.OutOfMemoryError("CUDA out of memory. Tried to"), MemoryError()]
)
def test_a_halved_batch_gives_the_same_update(monkeypatch, error):
    expected = network()
    history = pretrain(expected, images(), QUICK).history
    tried = fits(monkeypatch, 2, error)
    model, reports = network(), []
    found = pretrain(model, images(), QUICK, Context(on_epoch=reports.append))
    assert tried[:6] == [5, 3, 2, 2, 1, 2]
    assert max(tried[3:]) == 2
    for name, value in state_of(expected).items():
        torch.testing.assert_close(model.state_dict()[name], value, rtol=1e-3, atol=2e-5)
    losses = [[row["reconstruction"] for row in rows] for rows in (found.history, history)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    assert len(found.notes) == 2
    assert "did not suffice for 5 scans at once; going on with 3" in found.notes[0]
    assert reports[0].notes == tuple(found.notes)
    assert reports[1].notes == ()


def test_a_resumed_phase_keeps_the_smaller_parts_and_their_note(monkeypatch, tmp_path):
    tried = fits(monkeypatch, 2)
    expected = pretrain(network(), images(), QUICK)
    stopped = Context(file_in(tmp_path), on_epoch=kill_after(2))
    with pytest.raises(Killed):
        pretrain(network(), images(), QUICK, stopped)
    tried.clear()
    found = pretrain(network(), images(), QUICK, Context(file_in(tmp_path), resume=True))
    assert max(tried) == 2
    assert found == expected


def test_a_single_scan_that_does_not_fit_ends_in_a_sentence(monkeypatch):
    fits(monkeypatch, 0)
    with pytest.raises(SettingsError, match=r"single scan on the grid \(16, 16, 16\); choose"):
        pretrain(network(), images(), QUICK)


def test_other_errors_are_not_swallowed(monkeypatch):
    fits(monkeypatch, 0, RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        pretrain(network(), images(), QUICK)


def test_encoding_goes_on_with_half_of_the_batch(monkeypatch):
    model, cohort = network(), images()
    expected = encode(model, cohort).latent
    activations = type(model).activations

    def limited(self, values, layer):
        if len(values) > 3:
            raise RuntimeError(ON_A_PROCESSOR)
        return activations(self, values, layer)

    monkeypatch.setattr(type(model), "activations", limited)
    found = encode(model, cohort, batch_size=8)
    torch.testing.assert_close(found.latent, expected)
    assert ["8 scans" in found.notes[0], "4 scans" in found.notes[1]] == [True, True]


def test_parts_are_as_equal_as_can_be_and_keep_the_order():
    parts = Parts(4, [])
    assert [part.tolist() for part in parts.split(9)] == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert [len(part) for part in parts.split(5)] == [3, 2]
    assert [len(part) for part in parts.split(3)] == [3]
    assert parts.split(0) == []


@pytest.mark.parametrize(
    ("grid", "device", "expected"),
    [
        ((88,) * 3, "cpu", 4),
        ((48,) * 3, "cpu", 27),
        ((200,) * 3, "cpu", 1),
        ((88,) * 3, "cuda", 32),
    ],
)
def test_a_processor_takes_large_volumes_in_small_parts(grid, device, expected):
    parts = Parts(32, [])
    parts.fit(grid, torch.device(device))
    assert parts.size == expected


def test_small_parts_give_the_same_update(monkeypatch):
    expected, model = network(), network()
    history = pretrain(expected, images(), QUICK).history
    monkeypatch.setattr(memory, "PART_VOXELS", 2 * 16**3)
    tried = fits(monkeypatch, 2)
    found = pretrain(model, images(), QUICK)
    assert (max(tried), found.notes) == (2, [])
    assert [row["reconstruction"] for row in found.history] == pytest.approx(
        [row["reconstruction"] for row in history], rel=1e-4
    )
    for name, value in state_of(expected).items():
        torch.testing.assert_close(model.state_dict()[name], value, rtol=1e-3, atol=2e-5)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (RuntimeError(ON_A_PROCESSOR), True),
        (RuntimeError("not enough memory: you tried to allocate 7 bytes"), True),
        (MemoryError(), True),
        (RuntimeError("expected 5 arguments"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_counts_as_out_of_memory(error, expected):
    assert is_out_of_memory(error) is expected


def test_the_default_settings_need_no_parts(monkeypatch):
    tried = fits(monkeypatch, 99)
    pretrain(network(), images(), TrainSettings(epochs=1, batch_size=12))
    assert tried == [12]
