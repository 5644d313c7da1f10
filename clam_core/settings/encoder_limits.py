"""What an encoder that was brought along may cost."""

from __future__ import annotations

from pydantic import Field

from clam_core.settings.base import Settings
from clam_core.settings.limits import ReadLimits


class EncoderLimits(Settings):
    """What the file of an encoder and its calls may cost.

    Attributes:
        file_bytes: Size of the file.
        memory_bytes: Memory of the process that calls it.
        base_seconds: Processor time to load it, and of each call.
        bytes_per_second: How fast scans (four bytes a voxel) go through it at least.
        n_codes: Numbers of a code.
        at_once: Scans that are given at once.
    """

    file_bytes: int = Field(default=2 << 30, gt=0)
    memory_bytes: int = Field(default=12 << 30, ge=64 << 20)
    base_seconds: float = Field(default=60.0, gt=0)
    bytes_per_second: float = Field(default=3e4, gt=0)
    n_codes: int = Field(default=16_384, gt=0)
    at_once: int = Field(default=8, gt=0)

    @property
    def of_process(self) -> ReadLimits:
        """The same for a process of the sandbox."""
        return ReadLimits(
            memory_bytes=self.memory_bytes,
            base_seconds=self.base_seconds,
            bytes_per_second=self.bytes_per_second,
        )
