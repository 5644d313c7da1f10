"""The cohort as tensors: kept in memory or streamed, the same numbers."""

import threading

import numpy as np
import pytest
import torch

from clam_core.errors import StudyError
from clam_core.settings import ScaleSettings
from clam_core.training import CohortImages, ScanSource, fit_input_scale
from tests.training.make import GRID, images, masks, source, volumes

BATCHES = [torch.tensor([3, 1]), torch.tensor([0]), torch.tensor([2, 5, 4]), torch.tensor([1, 1])]


def test_streaming_gives_the_same_bits_as_memory():
    kept, streamed = images(6), images(6, memory_bytes=0)
    assert (kept.is_kept, streamed.is_kept) == (True, False)
    pairs = zip(kept.stream(BATCHES), streamed.stream(BATCHES), strict=True)
    for first, second in pairs:
        assert torch.equal(first, second)
    assert torch.equal(kept.batch(BATCHES[0]), streamed.batch(BATCHES[0]))


def test_a_batch_holds_the_rows_asked_for_in_their_order():
    cohort = images(6)
    found = cohort.batch(torch.tensor([4, 2]))
    assert found.shape == (2, 1, *GRID)
    expected = [cohort.scale.apply(*cohort.source.read(row)) for row in (4, 2)]
    np.testing.assert_array_equal(found[:, 0].numpy(), np.stack(expected))


def test_four_bytes_per_voxel_are_counted_against_the_budget():
    needed = 4 * 6 * 16**3
    assert images(6, memory_bytes=needed).is_kept
    assert not images(6, memory_bytes=needed - 1).is_kept


def counting(scans):
    reads = []

    def reader(row):
        reads.append((row, threading.current_thread() is threading.main_thread()))
        return scans[row], None

    return ScanSource(reader, len(scans), scans[0].shape), reads


def test_a_kept_cohort_is_read_once_and_a_streamed_one_ahead_by_a_thread():
    for memory, n_epochs in ((1 << 30, 1), (0, 3)):
        made, reads = counting(volumes(4))
        cohort = CohortImages(made, fit_input_scale(made, ScaleSettings()), memory)
        reads.clear()
        for _ in range(3):
            list(cohort.stream([torch.tensor([0, 1]), torch.tensor([2, 3])]))
        assert sorted(row for row, _ in reads) == sorted([0, 1, 2, 3] * n_epochs)
        assert {in_main for _, in_main in reads} == {memory > 0}


def test_an_error_of_the_reader_reaches_the_reader_of_the_stream():
    scans, given = volumes(4), masks(4)
    made = source(scans, given)
    cohort = CohortImages(made, fit_input_scale(made, ScaleSettings()), 0)
    given[2][:] = False
    found = cohort.stream([torch.tensor([0]), torch.tensor([2])])
    next(found)
    with pytest.raises(StudyError, match="number 3 is empty"):
        next(found)


def test_a_cohort_that_does_not_fit_after_all_is_streamed(monkeypatch):
    cohort = images(4)
    read = cohort._read

    def full(rows):
        if len(rows) == 4:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate")
        return read(rows)

    monkeypatch.setattr(cohort, "_read", full)
    assert torch.equal(cohort.batch(torch.tensor([1])), images(4).batch(torch.tensor([1])))
    assert not cohort.is_kept
