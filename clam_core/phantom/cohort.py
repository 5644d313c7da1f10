"""The demo cohort: three forms of sarcoidosis, one scan at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np

from clam_core.errors import SettingsError
from clam_core.phantom.scan import PhantomScan, make_scan
from clam_core.phantom.settings import CohortSettings, LesionSettings, SubjectSettings, Zone

Group = Literal["minimal", "ground_glass", "fibrosis"]
GROUPS: tuple[Group, ...] = ("minimal", "ground_glass", "fibrosis")
"""Healthy lung or a few nodules; upper-zone ground glass; basal fibrosis with honeycombing."""

_MEAN_EXTENT = {"minimal": 0.22, "ground_glass": 0.42, "fibrosis": 0.42}
_MEAN_AGE = {"minimal": 45.0, "ground_glass": 49.0, "fibrosis": 57.0}


def child_seed(seed: int, row: int) -> np.random.SeedSequence:
    """Seed of one scan: the same whether it is made alone or in a row of scans."""
    return np.random.SeedSequence(seed, spawn_key=(row,))


def shuffled(counts: list[int], seed: int) -> list[int]:
    """Group of each scan in random order, as numbers from 0; `counts` scans of each."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1 << 31,)))
    order = rng.permutation(np.repeat(np.arange(len(counts)), counts))
    return [int(group) for group in order]


def group_counts(settings: CohortSettings) -> list[int]:
    """Scans in each group: the shares rounded so that they add up."""
    wanted = np.array(settings.shares) * settings.n_scans
    counts = np.floor(wanted).astype(int)
    # Largest remainders first (Hamilton's method).
    for index in np.argsort(counts - wanted, kind="stable")[: settings.n_scans - counts.sum()]:
        counts[index] += 1
    return [int(count) for count in counts]


def make_cohort(settings: CohortSettings) -> Iterator[PhantomScan]:
    """Make the scans of the demo cohort, one at a time.

    Three groups that differ in pattern, place and extent: minimal disease
    (none, or a few perilymphatic nodules), ground glass in the upper zones, and
    fibrosis with honeycombing, traction bronchiectasis and loss of volume in
    the lower zones (the less common, basal form). Sex, size, breathing, age and
    anatomy vary; subjects with fibrosis are older (57 years on average, against
    45 and 49).

    Args:
        settings: Number of scans, grid, seed, shares of the groups.

    Yields:
        Scans `SARC-001`, `SARC-002`, ... in random order of groups.
    """
    layout = shuffled(group_counts(settings), settings.seed)
    for row, group in enumerate(layout):
        yield _scan(settings, row, GROUPS[group])


def make_cohort_scan(settings: CohortSettings, row: int) -> PhantomScan:
    """One scan of the demo cohort, without making the others.

    Args:
        settings: As for `make_cohort`.
        row: Position in the cohort, from 0.

    Returns:
        The same scan that `make_cohort` yields at that position.

    Raises:
        SettingsError: If the cohort has no such row.
    """
    if not 0 <= row < settings.n_scans:
        raise SettingsError(
            f"Row {row} was asked for, but the cohort has rows 0 to {settings.n_scans - 1}."
        )
    layout = shuffled(group_counts(settings), settings.seed)
    return _scan(settings, row, GROUPS[layout[row]])


def _scan(settings: CohortSettings, row: int, group: Group) -> PhantomScan:
    """Draw a subject and its lesions, and make the scan."""
    rng = np.random.default_rng(child_seed(settings.seed, row))
    fraction = _MEAN_EXTENT[group] * rng.lognormal(0, settings.extent_sd)
    fraction = float(np.clip(fraction, 0.05, 0.8))
    lesions = _lesions(group, fraction, rng)
    subject, person = _subject(group, fraction, rng)
    scan = make_scan(
        subject, lesions, settings.grid, noise_hu=settings.noise_hu, table=settings.table
    )
    main = lesions[-1] if lesions else LesionSettings(pattern="none")
    scan_id, subject_id = f"SARC-{row + 1:03d}", f"SUBJ-{row + 1:03d}"
    told = {
        "scan_id": scan_id,
        "subject_id": subject_id,
        "group": group,
        "pattern": main.pattern,
        "zone": main.zone if lesions else "none",
        "side": main.side if lesions else "none",
    }
    truth = {**told, **scan.truth, **person}
    return replace(scan, scan_id=scan_id, subject_id=subject_id, truth=truth)


def _lesions(group: Group, fraction: float, rng: np.random.Generator) -> tuple[LesionSettings, ...]:
    """Disease of a subject of a group."""
    # Drawn in every group, so that what is drawn after it does not depend on the group.
    is_healthy = rng.uniform() < 0.35
    zone: Zone = "upper" if rng.uniform() < 0.6 else "middle"
    if group == "minimal":
        if is_healthy:
            return ()
        return (LesionSettings(pattern="nodules", zone=zone, extent=fraction),)
    if group == "ground_glass":
        return (LesionSettings(pattern="ground_glass", zone="upper", extent=fraction),)
    return (
        LesionSettings(pattern="reticulation", zone="lower", extent=fraction),
        LesionSettings(pattern="honeycombing", zone="lower", extent=0.55 * fraction),
    )


def _subject(
    group: Group, fraction: float, rng: np.random.Generator
) -> tuple[SubjectSettings, dict[str, float]]:
    """Build and breathing of a subject, and age, height and fat for the clinical table."""
    is_female = rng.uniform() < 0.5
    height = float(np.clip(rng.normal(164 if is_female else 177, 6.5), 148, 200))
    age = float(np.clip(rng.normal(_MEAN_AGE[group], 9), 22, 82))
    size = 1 + 0.7 * (height / 172 - 1)
    scale = [float(np.clip(size * rng.normal(1, sd), 0.85, 1.13)) for sd in (0.025, 0.03, 0.025)]
    shift = rng.normal(0, (3.0, 2.0, 4.0))
    fat = float(np.clip(rng.lognormal(np.log(15 if is_female else 12), 0.3), 5, 22))
    inspiration = rng.normal(0.98, 0.025)
    if group == "fibrosis":
        inspiration -= 0.22 * fraction  # Scarred lungs shrink.
    subject = SubjectSettings(
        sex="F" if is_female else "M",
        scale=(scale[0], scale[1], scale[2]),
        shift_mm=(float(shift[0]), float(shift[1]), float(shift[2])),
        inspiration=float(np.clip(inspiration, 0.78, 1.05)),
        fat_mm=fat,
        heart=float(np.clip(rng.normal(0.98, 0.05), 0.85, 1.15)),
        parenchyma_hu=float(np.clip(rng.normal(-858, 12), -890, -820)),
        seed=int(rng.integers(2**31)),
    )
    return subject, {"age": round(age, 1), "height_cm": round(height, 1), "fat_mm": round(fat, 1)}
