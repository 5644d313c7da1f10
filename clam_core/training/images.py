"""CohortImages: a cohort as standardised tensors, kept in memory or read as needed."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import torch
from torch import Tensor

from clam_core.training.input_scale import InputScale
from clam_core.training.memory import is_out_of_memory
from clam_core.training.source import ScanSource

MEMORY_BYTES = 2 << 30
N_AHEAD = 2


class CohortImages:
    """The scans of a cohort as input of the network.

    A cohort that fits into the memory budget is read once; a larger one is read anew
    in each epoch, by a thread that is two batches ahead. Both give the same numbers.

    Args:
        source: The scans.
        scale: What standardises them; that of the fitted cohort also for new scans.
        memory_bytes: Budget, counted for four bytes per voxel.
    """

    def __init__(
        self, source: ScanSource, scale: InputScale, memory_bytes: int = MEMORY_BYTES
    ) -> None:
        self.source, self.scale = source, scale
        self.is_kept = 4 * source.n_scans * math.prod(source.grid) <= memory_bytes
        self._kept: Tensor | None = None

    def __len__(self) -> int:
        return self.source.n_scans

    @property
    def grid(self) -> tuple[int, ...]:
        """Voxels along each axis."""
        return self.source.grid

    def batch(self, rows: Tensor) -> Tensor:
        """Standardised images of some rows.

        Args:
            rows: Whole numbers from 0, shape (n,).

        Returns:
            float32, shape (n, 1, *grid).

        Raises:
            StudyError: If a scan cannot be used as it is stored.
        """
        if self.is_kept and self._kept is None:
            self._keep()
        return self._read(rows) if self._kept is None else self._kept[rows]

    def stream(self, batches: Iterable[Tensor]) -> Iterator[Tensor]:
        """`batch` of each element, read ahead by a thread where they are not in memory."""
        if self.is_kept:
            yield from map(self.batch, batches)
            return
        ahead: deque[Future[Tensor]] = deque()
        with ThreadPoolExecutor(1) as reader:
            for rows in batches:
                ahead.append(reader.submit(self._read, rows))
                # Submitting all batches at once would read the whole cohort into memory.
                if len(ahead) > N_AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()

    def in_batches(self, size: int) -> Iterable[Tensor]:
        """All scans in order, `size` at a time, anew for each loop over it."""
        return _InBatches(self, size)

    def _keep(self) -> None:
        """Read all of the cohort, unless the machine has less memory than the budget."""
        try:
            self._kept = self._read(torch.arange(len(self)))
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise
            self.is_kept = False

    def _read(self, rows: Tensor) -> Tensor:
        images = torch.empty(len(rows), 1, *self.grid)
        for place, row in enumerate(rows.tolist()):
            images[place, 0] = torch.from_numpy(self.scale.apply(*self.source.read(row)))
        return images


class _InBatches:
    """A cohort in batches that can be looped over several times."""

    def __init__(self, images: CohortImages, size: int) -> None:
        self._images, self._size = images, size

    def __iter__(self) -> Iterator[Tensor]:
        rows = torch.arange(len(self._images))
        return self._images.stream(torch.split(rows, self._size))
