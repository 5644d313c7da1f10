"""What untrusted files may cost."""

from __future__ import annotations

from pydantic import Field

from clam_core.settings.base import Settings


class ReadLimits(Settings):
    """What one untrusted file may cost before its reader is stopped.

    Time grows with the size of the file, so that a small file with a lying
    header is stopped within seconds and a large scan is not.
    """

    memory_bytes: int = Field(default=4 << 30, ge=64 << 20)
    base_seconds: float = Field(default=8.0, gt=0)
    bytes_per_second: float = Field(default=8e6, gt=0)
    max_voxels: int = Field(default=1_500_000_000, gt=0)

    def seconds_for(self, n_bytes: int) -> float:
        """Time allowed for a file of `n_bytes` bytes, in seconds."""
        return self.base_seconds + n_bytes / self.bytes_per_second


class ArchiveLimits(Settings):
    """What a zip archive may hold before it is refused whole."""

    max_members: int = Field(default=100_000, gt=0)
    max_total_bytes: int = Field(default=64 << 30, gt=0)
    max_ratio: float = Field(default=200.0, gt=1)


class TableLimits(Settings):
    """What a clinical or scans table may hold before it is refused.

    Attributes:
        max_bytes: Size of the file.
        max_unpacked_bytes: Size of a workbook or a Parquet file once unpacked.
        max_ratio: Growth of a workbook when unpacked.
        max_rows: Rows below the header.
        max_columns: Columns.
        max_cells: Rows times columns.
        max_cell_letters: Letters in one cell; Excel's own limit.
        max_letters: Letters in all cells together.
    """

    max_bytes: int = Field(default=64 << 20, gt=0)
    max_unpacked_bytes: int = Field(default=200_000_000, gt=0)
    max_ratio: float = Field(default=200.0, gt=1)
    max_rows: int = Field(default=100_000, gt=0)
    max_columns: int = Field(default=1000, gt=0)
    max_cells: int = Field(default=5_000_000, gt=0)
    max_cell_letters: int = Field(default=32_767, gt=0)
    max_letters: int = Field(default=64 << 20, gt=0)
