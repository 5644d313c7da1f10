"""Out of memory: recognised, answered by smaller parts."""

from __future__ import annotations

import torch

from clam_core.errors import SettingsError

SIGNS = ("not enough memory", "can't allocate", "out of memory")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on a GPU or not."""
    if isinstance(error, (torch.OutOfMemoryError, MemoryError)):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in SIGNS)


class Parts:
    """How many scans are computed at once; halved when memory runs out.

    Args:
        size: To begin with.
        notes: Where it is said.
    """

    def __init__(self, size: int, notes: list[str]) -> None:
        self.size, self._notes = size, notes

    def halve(self, n_tried: int, grid: tuple[int, ...]) -> None:
        """Take half of the scans that were too many.

        Raises:
            SettingsError: If that was a single scan.
        """
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
