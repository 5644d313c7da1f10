"""Random fields: smooth texture, noise with the grain of CT, and cells with walls."""

from __future__ import annotations

import numpy as np
from scipy import fft
from scipy.spatial import cKDTree

from clam_core.phantom.frame import Array, Points


def _filtered(shape: tuple[int, ...], response: Array, rng: np.random.Generator) -> Array:
    """White noise through a filter given in frequency space, unit standard deviation."""
    white = rng.standard_normal(shape, dtype=np.float32)
    # The half spectrum stands for both halves: all but the first and the Nyquist frequency
    # count twice in the variance (Parseval).
    counts = np.full(response.shape[-1], 2.0)
    counts[0] = 1
    if shape[-1] % 2 == 0:
        counts[-1] = 1
    power = float((response.astype(np.float64) ** 2 * counts).sum()) / np.prod(shape)
    spectrum = fft.rfftn(white) * (response / np.float32(np.sqrt(power)))
    result: Array = fft.irfftn(spectrum, s=shape).astype(np.float32)
    return result


def smooth_noise(
    shape: tuple[int, ...], spacing_mm: Points, sigma_mm: float, rng: np.random.Generator
) -> Array:
    """Gaussian random field, mean 0, standard deviation 1.

    Args:
        shape: Voxels along each axis.
        spacing_mm: Voxel size along each axis.
        sigma_mm: Standard deviation of the smoothing kernel.
        rng: Source of randomness.

    Returns:
        The field, same shape. It wraps around at the borders.
    """
    response = np.ones((), dtype=np.float32)
    for axis, (count, size) in enumerate(zip(shape, spacing_mm, strict=True)):
        last = axis == len(shape) - 1
        frequency = np.fft.rfftfreq(count, size) if last else np.fft.fftfreq(count, size)
        line = np.exp(-2 * (np.pi * frequency * sigma_mm) ** 2).astype(np.float32)
        view = [1] * len(shape)
        view[axis] = -1
        response = response * line.reshape(view)
    return _filtered(shape, response, rng)


def ct_noise(shape: tuple[int, ...], sd_hu: float, rng: np.random.Generator) -> Array:
    """Noise with the spectrum of filtered back projection.

    Args:
        shape: Voxels along each axis; i and j lie in the plane of the scanner.
        sd_hu: Standard deviation.
        rng: Source of randomness.

    Returns:
        Noise in HU, same shape: a ramp with a roll-off in the plane, nearly
        white from slice to slice.

    Source:
        Riederer, Pelc & Chesler (1978), "The noise power spectrum in computed
        X-ray tomography", Phys Med Biol 23.
    """
    if sd_hu == 0:
        return np.zeros(shape, dtype=np.float32)
    across = np.fft.fftfreq(shape[0])[:, None, None]
    along = np.fft.fftfreq(shape[1])[None, :, None]
    height = np.fft.rfftfreq(shape[2])[None, None, :]
    radial = across**2 + along**2
    power = (np.sqrt(radial) + 0.03) * np.exp(-radial / 0.08 - height**2 / 0.5)
    return np.float32(sd_hu) * _filtered(shape, np.sqrt(power).astype(np.float32), rng)


def cells(points: Points, size_mm: float, rng: np.random.Generator) -> tuple[Points, Points]:
    """Random cells, as between the walls of lobules or cysts.

    Args:
        points: Positions, shape (n, 3), mm.
        size_mm: Mean distance between the centers of neighbouring cells.
        rng: Source of randomness.

    Returns:
        Distance of each point to the nearest wall, mm, shape (n,), and a
        random number in [0, 1) per cell, at each of its points, shape (n,).
    """
    low, high = points.min(axis=0) - size_mm, points.max(axis=0) + size_mm
    lines = [np.arange(a, b, size_mm) for a, b in zip(low, high, strict=True)]
    lattice = np.stack(np.meshgrid(*lines, indexing="ij"), axis=-1).reshape(-1, 3)
    lattice += rng.uniform(0, 0.9 * size_mm, lattice.shape)
    nearest = cKDTree(lattice).query(points, k=8)
    distance, index = np.asarray(nearest[0]), np.asarray(nearest[1])
    gap = np.linalg.norm(lattice[index[:, 1:]] - lattice[index[:, :1]], axis=2)
    # Distance to the plane halfway to each neighbour; the nearest plane is the wall.
    wall = ((distance[:, 1:] ** 2 - distance[:, :1] ** 2) / (2 * gap)).min(axis=1)
    return wall, rng.uniform(size=len(lattice))[index[:, 0]]
