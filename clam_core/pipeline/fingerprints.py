"""Fingerprints: digests of everything that a result follows from, the same in every version.

The version of the software is in none of them. Each has a version of its own, which goes up
only with a change after which the same scans and settings give other numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from clam_core.pipeline.scans.sources import Source, Stamp
from clam_core.settings import FitSettings, LocalizeSettings, PreprocessSettings
from clam_core.settings.on_disk import canonical

FIRST = "0.1.0"

VOXELS_VERSION = FIRST
"""Goes up when `preprocess` makes other voxels: cohorts are then prepared, and fitted, anew."""

CODES_VERSION = FIRST
"""Goes up when `fit` computes other weights: a fit that was broken off then begins anew."""

MAPS_VERSION = FIRST
"""Goes up when `localize` makes other maps: maps of a step that was broken off are made anew."""


def of_voxels(settings: PreprocessSettings, sources: Mapping[str, Source]) -> str:
    """Digest of settings and files, by which `preprocess` knows what it made before."""
    lines = (
        f"{scan_id} {source.stamps} {source.files} {source.masks}"
        for scan_id, source in sources.items()
    )
    return _digest(VOXELS_VERSION, canonical(settings), *lines)


def known_voxels(settings: PreprocessSettings, sources: Mapping[str, Source]) -> set[str]:
    """Every fingerprint that volumes of these settings and files may have been stored under.

    Version 0.1.0 noted a missing file with a size of 0, later ones leave it out.
    """
    as_before = {
        scan_id: replace(source, stamps=_with_missing(source))
        for scan_id, source in sources.items()
    }
    return {of_voxels(settings, sources), of_voxels(settings, as_before)}


def _with_missing(source: Source) -> tuple[Stamp, ...]:
    there = {stamp[0]: stamp for stamp in source.stamps}
    paths = dict.fromkeys(str(ref.path) for ref in (*source.files, *source.masks))
    return tuple(there.get(path, (path, 0, 0)) for path in paths)


def of_inputs(voxels: str, scan_ids: Sequence[str]) -> str:
    """Digest of the volumes and masks that a run is fitted on.

    Args:
        voxels: Fingerprint of the study's volumes.
        scan_ids: The scans that were ready.
    """
    return _digest(voxels, *scan_ids)


def of_fit(settings: FitSettings, inputs: str) -> str:
    """Digest by which a fit that was broken off is gone on with."""
    return _digest(CODES_VERSION, canonical(settings), inputs)


def of_maps(settings: LocalizeSettings, inputs: str, n_bytes: int) -> str:
    """Digest by which maps that were begun are gone on with.

    Args:
        settings: Kind of map.
        inputs: Digest of what the run was fitted on.
        n_bytes: Size of the run's weights.
    """
    since = [] if MAPS_VERSION == FIRST else [MAPS_VERSION]  # 0.1.0 had no such part
    return _digest(canonical(settings), inputs, str(n_bytes), *since)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
