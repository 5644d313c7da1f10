"""Step `fit --encoder`: volumes -> codes of an encoder that was brought along -> clusters."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from clam_core.errors import EncoderError, SettingsError
from clam_core.files.file_digest import digest_of_file
from clam_core.files.personal_names import looks_private
from clam_core.fitting import Fitted
from clam_core.fitting.fit_cohort import group_doubts
from clam_core.fitting.fit_table import FittedTable, fit_table
from clam_core.models import ClusterModel
from clam_core.models.brought.encoder import BroughtFeatures, CalledEncoder
from clam_core.pipeline.current import inputs_digest
from clam_core.pipeline.fingerprints import of_fit
from clam_core.pipeline.method.fit import ready_scans, source_of
from clam_core.pipeline.method.run_words import known_summary
from clam_core.pipeline.method.store_fit import Asked, store_fit
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.settings import FitSettings
from clam_core.settings.base import HU_MAX, HU_MIN
from clam_core.settings.brought_encoder import BroughtEncoder, EncoderInput, InputOfEncoder
from clam_core.settings.encoder_limits import EncoderLimits
from clam_core.study import Run, RunWriter, Study
from clam_core.study.atomic import replaced
from clam_core.study.runs import ENCODER_FILE
from clam_core.training import CohortImages, InputScale, ScanSource, fit_input_scale

STILL = 1e-6
"""A number whose spread is below this share of its largest value is the same for all scans."""


def fit_encoder(
    study: Study,
    name: str,
    path: Path,
    settings: FitSettings,
    progress: Progress = silent,
    given: tuple[InputOfEncoder, EncoderLimits] | None = None,
) -> Summary:
    """Group the scans of a study by what an encoder from elsewhere says of them.

    A copy of the file becomes part of the run, for maps and new scans.

    Args:
        study: A preprocessed study.
        name: Name of the run.
        path: A TorchScript archive, or a program of `torch.export`: from scans, float32 of
            shape (n, 1, *grid), to codes, or to activations and codes.
        settings: Clusterer (`method`), number of clusters and of components, plane, seed.
        progress: Told what is going on.
        given: What the encoder is given, and what it may cost.

    Returns:
        Size of the clusters, and what to know about the encoder.

    Raises:
        MissingStepError: If the study has not been preprocessed.
        EncoderError: If the file is no such encoder, or cannot be used.
        StudyError: If there is a finished run of that name with other settings.
        SettingsError: If the method is none that groups numbers.
        BusyError: If another process works on the run.
    """
    run = Run(study, name)
    if settings.harmonise is not None:
        raise SettingsError(
            "The codes of an encoder are grouped as they are; leave out --harmonise, or bring "
            "codes that were harmonised as a table (fit --features)."
        )
    scan_ids = ready_scans(study)
    asked, limits = given or (InputOfEncoder(), EncoderLimits())
    _check_file(path, limits)
    digest = digest_of_file(path)
    told = hashlib.sha256(f"{digest} {asked.model_dump_json()}".encode()).hexdigest()
    settings = settings.model_copy(update={"given": told})
    inputs = inputs_digest(study, scan_ids)
    with run.lock():
        if run.is_fitted:
            return known_summary(run, settings, inputs)
        with RunWriter(run, "fit") as writer:
            writer.clear()
            writer.start(of_fit(settings, inputs))
            copy = writer.folder / ENCODER_FILE
            with path.open("rb") as content, replaced(copy) as target:
                shutil.copyfileobj(content, target)
            shown = "" if looks_private(path.name) else path.name
            source = source_of(study, scan_ids)
            encoder = CalledEncoder(copy, source.grid, shown, limits=limits)
            try:
                about = {"name": shown, "digest": digest, "input": asked}
                fitted, brought = _fit(source, encoder, settings, about, progress)
            finally:
                encoder.close()
            done = Asked(settings, inputs, "cpu", encoder=brought)
            return store_fit(run, writer, source, done, fitted, progress)


def input_of_encoder(words: str) -> InputOfEncoder:
    """What an encoder is given, from the words of the command line.

    Args:
        words: `own`, `stored`, or a window such as `-1000,400`.

    Raises:
        SettingsError: If it is none of these.
    """
    low, comma, high = words.partition(",")
    if comma:
        try:
            return InputOfEncoder(kind="window", window=(float(low), float(high)))
        except ValueError as error:
            if isinstance(error, SettingsError):
                raise
    elif words in {"own", "stored"}:
        return InputOfEncoder(kind="own" if words == "own" else "stored")
    known = [one for one in get_args(EncoderInput) if one != "window"]
    raise SettingsError(
        f"There is no input {words!r} of an encoder; choose {', '.join(known)}, or a window such "
        "as -1000,400."
    )


def scale_of(source: ScanSource, asked: InputOfEncoder, settings: FitSettings) -> InputScale:
    """How a volume becomes what the encoder is given."""
    if asked.kind == "own":
        return fit_input_scale(source, settings.scale, settings.seed)
    whole = (float(HU_MIN), float(HU_MAX)) if source.unit == "HU" else _RANGE
    low, high = asked.window or whole
    if asked.kind == "stored":
        return InputScale(low, high, None)
    return InputScale(low, high, None, mean=low, sd=high - low)


_RANGE = (float(np.iinfo(np.int16).min), float(np.iinfo(np.int16).max))


def _check_file(path: Path, limits: EncoderLimits) -> None:
    if not path.is_file():
        raise EncoderError(f"There is no file {path.name!r} with an encoder; give its path.")
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise EncoderError(
            f"The encoder has {size / (1 << 20):,.0f} MiB, but a run keeps a copy of at most "
            f"{limits.file_bytes / (1 << 20):,.0f} MiB; export it in half precision, or bring its "
            "codes as a table (fit --features)."
        )


def _fit(
    source: ScanSource,
    encoder: CalledEncoder,
    settings: FitSettings,
    about: dict[str, Any],
    progress: Progress,
) -> tuple[Fitted, BroughtEncoder]:
    """Codes of all scans, their groups, and what is kept of the encoder."""
    progress("Reading the scans", 0, source.n_scans)
    scale = scale_of(source, about["input"], settings)
    images = CohortImages(source, scale)
    tried = encoder.try_out(images.batch(torch.tensor([0, source.n_scans - 1])))
    encoder.at_once = int(tried["at_once"])
    n_scans = source.n_scans
    codes = _codes(encoder, images, lambda done: progress("Encoding the scans", done, n_scans))
    progress("Clustering", 0, 1)
    moves = _moving(codes)
    table = fit_table(codes[:, moves].astype(np.float64), settings)
    features = _features(table, moves)
    model = ClusterModel(encoder, features, table.head).eval()
    with torch.no_grad():
        scaled = features.scaled(torch.from_numpy(codes))
        placed = features.of_codes(torch.from_numpy(codes))
        soft = model.head(placed).exp().numpy()
    why = str(tried["why"])
    brought = BroughtEncoder(
        **about,
        kind=tried["kind"],
        n_codes=codes.shape[1],
        layer=None if tried["layer"] is None else tuple(tried["layer"]),
        at_once=encoder.at_once,
        maps="occlusion" if why else "integrated",
        why=f"{why}." if why else "",
        n_components=table.n_components,
        is_standardized=table.is_standardized,
        clusterer=table.clusterer,
    )
    notes = (*_notes(brought, codes.shape[1] - int(moves.sum())), *table.notes, *group_doubts(soft))
    found = Fitted(model, scale, settings.method, scaled.numpy(), placed.numpy(), soft)
    return replace(found, notes=notes), brought


def _codes(
    encoder: CalledEncoder, images: CohortImages, tell: Callable[[int], None]
) -> NDArray[np.float32]:
    """Codes of all scans, shape (n_scans, n_codes).

    Raises:
        EncoderError: If a code is not finite, or codes differ in length; with the scan.
    """
    found: list[Tensor] = []
    done = 0
    for batch in images.in_batches(encoder.at_once):
        part = encoder.latent(batch)
        names = images.source.names[done : done + len(batch)]
        for scan_id, code in zip(names, part, strict=True):
            if not bool(code.isfinite().all()):
                raise EncoderError(
                    f"The code of the scan {scan_id!r} is no finite number; leave the scan out, or "
                    "give the encoder another input (--encoder-input)."
                )
        found.append(part)
        done += len(batch)
        tell(done)
    codes: NDArray[np.float32] = torch.cat(found).numpy()
    return codes


def _moving(codes: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Numbers of the code that differ between scans.

    Raises:
        EncoderError: If none does.
    """
    moves: NDArray[np.bool_] = np.ptp(codes, axis=0) > STILL * np.abs(codes).max(axis=0)
    if not moves.any():
        raise EncoderError(
            f"The encoder gives all {len(codes)} scans the same code; it may need another input "
            "(--encoder-input), or have lost its weights on export."
        )
    return moves


def _features(table: FittedTable, moves: NDArray[np.bool_]) -> BroughtFeatures:
    """Scale and axes of the whole code; numbers that are the same for all scans have no part."""
    place = torch.from_numpy(np.flatnonzero(moves))
    axes = torch.eye(len(place)) if table.components is None else table.components
    mean, sd = torch.zeros(len(moves)), torch.ones(len(moves))
    components = torch.zeros(len(moves), axes.shape[1])
    mean[place], sd[place], components[place] = table.mean, table.sd, axes.float()
    return BroughtFeatures(mean, sd, components)


def _notes(brought: BroughtEncoder, n_still: int) -> list[str]:
    notes = [f"Groups come from {brought.words}.", brought.words_of_maps]
    if n_still:
        notes.append(f"{n_still:,} numbers of the code are the same for all scans; left out.")
    return notes
