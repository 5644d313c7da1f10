"""What a fit leaves in its run, whichever network it grouped scans by."""

from __future__ import annotations

from dataclasses import dataclass

from clam_core.embedding import embed, usual_distance
from clam_core.fitting import Fitted
from clam_core.fitting.plain_rivals import look_plainly
from clam_core.models import describe_model
from clam_core.pipeline.json_values import plain_values
from clam_core.pipeline.method.run_words import library_versions, run_summary
from clam_core.pipeline.method.scans_table import scans_table
from clam_core.pipeline.method.technical_column import Harmonisation
from clam_core.pipeline.method.weights import pack
from clam_core.pipeline.progress import Progress
from clam_core.pipeline.summary import Summary
from clam_core.settings import EmbedSettings, FitSettings
from clam_core.settings.brought_encoder import ENCODER, BroughtEncoder
from clam_core.study import Run, RunInfo, RunWriter
from clam_core.study.runs import ENCODER_FILE
from clam_core.training import ScanSource

ARRAYS = ("latent", "features", "soft_assignment")


@dataclass(frozen=True)
class Asked:
    """What a fit was asked for: settings, inputs, what trains, is taken out or was brought."""

    settings: FitSettings
    digest: str
    device: str
    taken: Harmonisation | None = None
    encoder: BroughtEncoder | None = None


def store_fit(
    run: Run,
    writer: RunWriter,
    source: ScanSource,
    asked: Asked,
    fitted: Fitted,
    progress: Progress,
) -> Summary:
    """Embed, then write everything beside the run and let it take its place.

    Args:
        run: The run, locked.
        writer: Of its step, begun.
        source: The scans that were fitted, with their ids.
        asked: What the fit was asked for.
        fitted: What came of it.
        progress: Told about stages.

    Returns:
        Sizes of the clusters, and notes.
    """
    settings = asked.settings
    progress("Placing the scans on a map", 0, 1)
    placed = embed(fitted.features, EmbedSettings(method=settings.plane, seed=settings.seed))
    for name in ARRAYS:
        writer.write_array(name, getattr(fitted, name))
    scan_ids, soft = list(source.names), fitted.soft_assignment
    writer.write_table("scans.parquet", scans_table(scan_ids, soft, fitted.features, placed))
    progress("Comparing with plain numbers", 0, 1)
    clusters = fitted.soft_assignment.argmax(axis=1)
    plain = look_plainly(source, clusters, fitted.features, settings.seed)
    writer.write_bytes("weights.safetensors", pack(fitted.model, fitted.scale))
    writer.log(fitted.history)
    told = () if asked.taken is None else asked.taken.notes
    notes = (*told, *fitted.notes, *([placed.note] if placed.note else []))
    info = RunInfo(
        name=run.name,
        libraries=library_versions(),
        device=asked.device,
        settings=settings.model_dump(mode="json"),
        method=fitted.method if asked.encoder is None else ENCODER,
        model=describe_model(fitted.model),
        plane=placed.method,
        inputs=asked.digest,
        n_clusters=fitted.model.n_clusters,
        usual_distances=(usual_distance(fitted.features), usual_distance(fitted.latent)),
        plain=plain,
        encoder=asked.encoder,
        evidence=plain_values(fitted.evidence),
        harmonised=fitted.harmonised,
        notes=notes,
    )
    names = ["arrays.zarr", "scans.parquet", "weights.safetensors", "history.jsonl"]
    writer.commit(info, names if asked.encoder is None else [*names, ENCODER_FILE])
    return run_summary(run, notes)
