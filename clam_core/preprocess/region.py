"""Region: the mask that a scan is cropped to, found or given."""

from __future__ import annotations

from dataclasses import dataclass

from clam_core.preprocess.morphology import Mask, bounding_box


@dataclass(frozen=True, eq=False)
class Region:
    """A mask over the whole field of view of a scan, possibly in larger voxels.

    Attributes:
        mask: Shape (i, j, k) or (i, j), along the axes of the scan, not empty.
        scan_shape: Voxels of the scan along each axis; both cover the same space.
        quality: 0 to 1; how far the mask can be trusted.
        left_litres: Volume of the left lung; None where lungs were not looked for.
        right_litres: Volume of the right lung.
        warnings: Sentences about the mask.
    """

    mask: Mask
    scan_shape: tuple[int, ...]
    quality: float
    left_litres: float | None = None
    right_litres: float | None = None
    warnings: tuple[str, ...] = ()

    @property
    def factors(self) -> tuple[float, ...]:
        """Voxels of the scan per voxel of the mask, along each axis."""
        return tuple(n / m for n, m in zip(self.scan_shape, self.mask.shape, strict=True))

    def edges(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Lower and upper edge along each axis, in voxel indices of the scan."""
        box = bounding_box(self.mask)
        low = tuple(s.start * f - 0.5 for s, f in zip(box, self.factors, strict=True))
        high = tuple(s.stop * f - 0.5 for s, f in zip(box, self.factors, strict=True))
        return low, high
