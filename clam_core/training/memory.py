"""Out of memory: recognised, answered by smaller parts."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from clam_core.errors import SettingsError

SIGNS = ("not enough memory", "can't allocate", "out of memory")

PART_VOXELS = 3_000_000
"""Input voxels that a processor computes at once."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on a GPU or not."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    # Allocators on the processor raise a bare RuntimeError; only its text tells.
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)


class Parts:
    """How many scans are computed at once; halved when memory runs out.

    Args:
        size: To begin with.
        notes: Where it is said.
    """

    def __init__(self, size: int, notes: list[str]) -> None:
        self.size, self._notes = size, notes

    def fit(self, grid: tuple[int, ...], device: torch.device) -> None:
        """Take no more scans at once than a processor computes fastest.

        Activations above 32 MB are given back to the system after each use, and asking
        for them again took a fifth of the time: 88 cubed in batches of 8 took 0.70 s a
        step in one part, 0.57 s in parts of 4 and of 2, 0.58 s one by one.
        """
        if device.type == "cpu":
            self.size = max(1, min(self.size, PART_VOXELS // math.prod(grid)))

    def split(self, n_scans: int) -> list[Tensor]:
        """Places of the scans of each part, as equal in size as can be."""
        places = torch.arange(n_scans)
        return list(places.tensor_split(math.ceil(n_scans / self.size))) if n_scans else []

    def halve(self, n_scans: int, grid: tuple[int, ...]) -> None:
        """Take half of the scans that were too many, for a batch of `n_scans`.

        Raises:
            SettingsError: If that was a single scan.
        """
        n_tried = len(self.split(n_scans)[0])
        if n_tried < 2:
            raise SettingsError(
                f"Memory does not suffice for a single scan on the grid {grid}; choose a smaller "
                "grid or fewer channels, or close other programs."
            )
        self.size = (n_tried + 1) // 2
        self._notes.append(
            f"Memory did not suffice for {n_tried} scans at once; going on with {self.size} at a "
            "time. The results are the same, but it takes longer."
        )
