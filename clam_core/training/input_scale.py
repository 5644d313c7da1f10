"""InputScale: the stored numbers that turn a volume into an input of the network."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clam_core.errors import StudyError
from clam_core.settings import ScaleSettings
from clam_core.training.histogram import ShownValues
from clam_core.training.rim import Rim, choose_rim, peel
from clam_core.training.source import Mask, ScanSource, Volume16

Image = NDArray[np.float32]

HU_WINDOW = (-1000.0, 400.0)
MAX_REFERENCE_SCANS = 200
REFERENCE_BYTES = 1 << 30
STILL = 1e-4
"""Voxels whose sd over the cohort is below this share of the window are not compared."""

FLAT = 1e-6
"""A cohort whose sd is below this share of the window shows nothing."""


@dataclass(frozen=True, eq=False)
class InputScale:
    """What a run stores so that a new scan is treated like those it was fitted on.

    Attributes:
        low: Low end of the window, in HU or the study's unit.
        high: High end of the window.
        background: Value outside the mask; None keeps what is there.
        mean: Mean of all voxels after window, background and alignment.
        sd: Their standard deviation.
        rim: Layers taken off every mask.
        shared: Voxels that are looked at, those inside enough masks of the fitted cohort,
            shape (*grid); None looks at all that are inside a scan's own mask.
        is_masked: All scans of the fitted cohort had masks.
        is_relative: Values inside a mask are relative to their own median, which fills
            the background.
        reference: Median image of the cohort on the grid, for the alignment of brightness
            without masks.
        compared: The voxels that are compared with it.
    """

    low: float
    high: float
    background: float | None
    mean: float = 0.0
    sd: float = 1.0
    rim: int = 0
    shared: Mask | None = None
    is_masked: bool = False
    is_relative: bool = False
    reference: Image | None = None
    compared: Mask | None = None

    def windowed(self, volume: Volume16, mask: Mask | None) -> Image:
        """Volume clipped to the window, with the background filled, not yet aligned."""
        image = volume.astype(np.float32)
        np.clip(image, self.low, self.high, out=image)
        if mask is None:
            return image
        inside = self.inside(mask)
        if self.is_relative:
            image -= np.median(image[inside])
            image[~inside] = 0
        elif self.background is not None:
            image[~inside] = self.background
        return image

    def inside(self, mask: Mask) -> Mask:
        """The voxels of a mask that are looked at, shape (*grid)."""
        left = peel(mask, self.rim)
        if self.shared is None:
            return left
        common = left & self.shared
        # A mask that lies elsewhere than those of the cohort still has to show something.
        return common if common.any() else left

    def offset(self, image: Image) -> float:
        """How much brighter a windowed image is than the reference (a median)."""
        if self.reference is None or self.compared is None or not self.compared.any():
            return 0.0
        return float(np.median(image[self.compared] - self.reference[self.compared]))

    def apply(self, volume: Volume16, mask: Mask | None) -> Image:
        """Standardised image of a scan.

        Args:
            volume: On the grid, in HU or the study's unit.
            mask: On the grid, or None.

        Returns:
            float32 on the grid; over the fitted cohort the mean is 0 and the sd 1, or, of a
            relative scale, the median of each scan is 0 and the sd about the medians is 1.
        """
        image = self.windowed(volume, mask)
        image -= np.float32(self.offset(image) + self.mean)
        image *= np.float32(1 / self.sd)
        return image

    def tensors(self) -> dict[str, Tensor]:
        """All of it as tensors, to be stored beside the weights."""
        numbers = {"low": self.low, "high": self.high, "mean": self.mean, "sd": self.sd}
        numbers |= {"rim": self.rim, "is_relative": self.is_relative}
        numbers |= {"is_masked": self.is_masked}
        if self.background is not None:
            numbers["background"] = self.background
        tensors = {
            name: torch.tensor(value, dtype=torch.float64) for name, value in numbers.items()
        }
        if self.shared is not None:
            tensors["shared"] = torch.from_numpy(self.shared)
        if self.reference is not None and self.compared is not None:
            tensors["reference"] = torch.from_numpy(self.reference)
            tensors["compared"] = torch.from_numpy(self.compared)
        return tensors

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> InputScale:
        """The inverse of `tensors`.

        Raises:
            StudyError: If a number is missing.
        """
        missing = sorted(
            {"low", "high", "mean", "sd", "rim", "is_masked", "is_relative"} - set(tensors)
        )
        if missing:
            raise StudyError(
                f"The stored scale of the input lacks {', '.join(missing)}; fit the run again."
            )
        background, reference = tensors.get("background"), tensors.get("reference")
        compared, shared = tensors.get("compared"), tensors.get("shared")
        return cls(
            low=float(tensors["low"]),
            high=float(tensors["high"]),
            background=None if background is None else float(background),
            mean=float(tensors["mean"]),
            sd=float(tensors["sd"]),
            rim=int(tensors["rim"]),
            is_masked=bool(tensors["is_masked"]),
            is_relative=bool(tensors["is_relative"]),
            reference=None if reference is None else reference.numpy(),
            compared=None if compared is None else compared.numpy(),
            shared=None if shared is None else shared.numpy(),
        )


def fit_input_scale(source: ScanSource, settings: ScaleSettings, seed: int = 0) -> InputScale:
    """Numbers that standardise a cohort, from one pass over its scans.

    Window, fill outside the masks, alignment of brightness (two more passes) and one
    global mean and sd, in this order.

    Args:
        source: The scans to fit on.
        settings: Window, background and whether brightness is aligned.
        seed: Chooses the scans of the median image where there are too many.

    Returns:
        The scale.

    Raises:
        StudyError: If there is no scan, or all voxels are equal.
    """
    if source.n_scans < 1:
        raise StudyError("There is no scan to fit on; add scans, or look at why they failed.")
    shown = ShownValues(is_filled=settings.background != "keep")
    n_masked = sum(shown.add(*source.read(row)) for row in range(source.n_scans))
    window = settings.window or (HU_WINDOW if source.unit == "HU" else shown.window())
    rim = choose_rim(source, window) if settings.trim_rim and n_masked else Rim(0, None)
    # None aligns brightness inside masks only, True also without any.
    if n_masked == source.n_scans and settings.align_brightness is not False:
        scale = _spread_inside(
            source, InputScale(*window, None, rim=rim.n_layers, shared=rim.shared, is_relative=True)
        )
    else:
        background = None
        if shown.n_filled:
            background = _background(settings, window, shown)
        scale = InputScale(
            *window, background, *shown.moments(window, background), rim=rim.n_layers
        )
        if settings.align_brightness:
            scale = _with_reference(source, scale, seed)
        if settings.align_brightness or rim.n_layers:
            scale = _standardised(source, scale)
    scale = replace(scale, is_masked=n_masked == source.n_scans)
    if not scale.sd > FLAT * (window[1] - window[0]):
        raise StudyError(
            f"All voxels of the {source.n_scans} scans are equal between {window[0]:g} and "
            f"{window[1]:g}, so there is nothing to learn; choose another window or other masks."
        )
    return scale


def _background(settings: ScaleSettings, window: tuple[float, float], shown: ShownValues) -> float:
    """What fills the voxels outside the masks."""
    low, high = window
    if settings.background == "air":
        return low
    return 2 * low - high if settings.background == "apart" else shown.mean_inside(window)


def _with_reference(source: ScanSource, scale: InputScale, seed: int) -> InputScale:
    """The scale with the image that scans are compared with."""
    reference, spread = _median_image(source, scale, seed)
    compared = spread > STILL * (scale.high - scale.low)
    return replace(scale, reference=reference, compared=compared)


def _standardised(source: ScanSource, scale: InputScale) -> InputScale:
    """The scale with mean and sd of all voxels, from another pass."""
    plain = replace(scale, mean=0.0, sd=1.0)
    total, squares = 0.0, 0.0
    for row in range(source.n_scans):
        image = plain.apply(*source.read(row)).astype(np.float64)
        # All scans are on one grid: the mean of their means is that of all voxels.
        total += float(image.mean()) / source.n_scans
        squares += float(np.square(image).mean()) / source.n_scans
    # Rounding can bring the variance of equal voxels below zero.
    return replace(scale, mean=total, sd=float(np.sqrt(max(squares - total**2, 0))))


def _spread_inside(source: ScanSource, scale: InputScale) -> InputScale:
    """The scale with the sd inside the masks; 0 stays 0, which is each scan's own median."""
    squares, n_voxels = 0.0, 0
    for row in range(source.n_scans):
        volume, mask = source.read(row)
        if mask is not None:
            inside = scale.windowed(volume, mask)[scale.inside(mask)].astype(np.float64)
            # Around 0, each scan's own median, not around the mean: that is what the network sees.
            squares += float(np.square(inside).sum())
            n_voxels += inside.size
    return replace(scale, sd=float(np.sqrt(squares / max(n_voxels, 1))))


def _median_image(source: ScanSource, scale: InputScale, seed: int) -> tuple[Image, Image]:
    """Median and sd over the cohort of each voxel, from at most 200 scans."""
    n_most = min(MAX_REFERENCE_SCANS, max(REFERENCE_BYTES // (4 * int(np.prod(source.grid))), 2))
    rows = np.arange(source.n_scans)
    if source.n_scans > n_most:
        chosen = np.random.default_rng(seed).choice(source.n_scans, n_most, replace=False)
        rows = np.sort(chosen)
    images = np.stack([scale.windowed(*source.read(int(row))) for row in rows])
    # Plane by plane, as `median` copies and sorts what it is given.
    median = np.stack([np.median(images[:, i], axis=0) for i in range(source.grid[0])])
    spread = np.stack([images[:, i].std(axis=0, dtype=np.float64) for i in range(source.grid[0])])
    return median.astype(np.float32), spread.astype(np.float32)
