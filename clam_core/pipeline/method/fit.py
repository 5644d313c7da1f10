"""Step `fit`: volumes of a study -> weights, latent codes, clusters and their map."""

from __future__ import annotations

from typing import cast, get_args

from clam_core.errors import MissingStepError, SettingsError
from clam_core.fitting import FitContext, Fitted, fit_model, preset_settings
from clam_core.pipeline.current import inputs_digest
from clam_core.pipeline.fingerprints import of_fit
from clam_core.pipeline.method.run_words import (
    known_summary,
)
from clam_core.pipeline.method.store_fit import Asked, store_fit
from clam_core.pipeline.method.technical_column import Harmonisation, technical_of
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.settings import FitMethod, FitSettings, Preset
from clam_core.study import Run, RunWriter, Study
from clam_core.study.atomic import write_bytes
from clam_core.training import (
    CheckpointFile,
    EpochReport,
    ScanSource,
    Sync,
    check_device,
    open_sync,
)
from clam_core.wording import plural


def fit(
    study: Study,
    name: str,
    settings: FitSettings,
    progress: Progress = silent,
    *,
    resume: bool = False,
    device: str = "cpu",
) -> Summary:
    """Fit the method to the scans that are ready.

    Killed at any moment it leaves nothing half done, and goes on from its last epoch when
    it is started again with the same settings; the result is the same. Started by
    torchrun, the processes train together; the first one stores and reports.

    Args:
        study: A preprocessed study.
        name: Name of the run.
        settings: Method, number of clusters, network, training.
        progress: Told about stages and epochs.
        resume: Whether a fit of this name that was broken off may be gone on with; a fit
            with other settings is never mixed with it.
        device: What trains: `cpu` or `cuda`. Everything after the training is computed on
            the processor.

    Returns:
        Size of the clusters, and what to know about the fit; nothing from processes that
        only helped.

    Raises:
        MissingStepError: If the study has not been preprocessed.
        StudyError: If there is a finished run of that name with other settings.
        BusyError: If another process works on the run.
        SettingsError: If there is no such device here.
    """
    run = Run(study, name)
    scan_ids = ready_scans(study)
    check_device(device)
    taken = _taken_out(study, scan_ids, settings)
    if taken is not None:
        settings = settings.model_copy(update={"harmonise": taken.settings})
    with open_sync(device) as sync:
        if sync.rank > 0:
            return _help(run, scan_ids, settings, sync, taken)
        goes_on = False
        try:
            digest = inputs_digest(study, scan_ids)
            with run.lock():
                if run.is_fitted:
                    return known_summary(run, settings, digest)
                with RunWriter(run, "fit") as writer:
                    # Under another fingerprint `start` throws away what is left, too.
                    if not resume:
                        writer.clear()
                    writer.start(of_fit(settings, digest))
                    goes_on = sync.agree(goes_on=True)
                    asked = Asked(settings, digest, sync.device.type, taken)
                    fitted = _fit(study, scan_ids, asked, writer, progress, sync)
                    source = source_of(study, scan_ids)
                    return store_fit(run, writer, source, asked, fitted, progress)
        finally:
            # Other processes wait for the answer; without one they would hang after an error here.
            if not goes_on:
                sync.agree(goes_on=False)


def _taken_out(study: Study, scan_ids: list[str], settings: FitSettings) -> Harmonisation | None:
    """The levels that the fit is harmonised by; None without."""
    if settings.harmonise is None:
        return None
    if settings.method == "dcec":
        raise SettingsError(
            "DCEC forms its clusters while it trains, so that nothing can be taken out of what it "
            "groups; harmonise with another method, such as --method graph."
        )
    return technical_of(study, scan_ids, settings.harmonise)


def _help(
    run: Run,
    scan_ids: list[str],
    settings: FitSettings,
    sync: Sync,
    taken: Harmonisation | None,
) -> Summary:
    """Train beside the first process, from its checkpoints; store nothing."""
    # The value of the first process counts; this one only waits for it.
    if sync.agree(goes_on=False):
        pretrained, refined = _checkpoints(RunWriter(run, "fit"))
        context = FitContext(pretrained, refined, sync=sync)
        technical = None if taken is None else taken.technical
        fit_model(source_of(run.study, scan_ids), settings, context, technical)
    return Summary(())


def settings_for(
    study: Study,
    preset: str,
    n_clusters: int,
    method: str = "auto",
    epochs: int | None = None,
    seed: int = 0,
) -> FitSettings:
    """Settings of a preset for the scans of a study.

    Raises:
        SettingsError: If there is no such preset or method.
    """
    prepared = study.info.prepared
    is_true_size = prepared is not None and prepared.settings.spacing_mm is not None
    return named_settings(preset, n_clusters, method, epochs, seed, is_true_size=is_true_size)


def named_settings(
    preset: str,
    n_clusters: int,
    method: str = "auto",
    epochs: int | None = None,
    seed: int = 0,
    *,
    is_true_size: bool,
) -> FitSettings:
    """`preset_settings` for names that a person typed.

    Raises:
        SettingsError: If there is no such preset or method.
    """
    for given, known, what in (
        (preset, get_args(Preset), "preset"),
        (method, get_args(FitMethod), "method"),
    ):
        if given not in known:
            raise SettingsError(f"There is no {what} {given!r}; choose {', '.join(known)}.")
    return preset_settings(
        cast("Preset", preset),
        n_clusters,
        cast("FitMethod", method),
        epochs,
        seed,
        is_true_size=is_true_size,
    )


def source_of(study: Study, scan_ids: list[str]) -> ScanSource:
    """The scans of a study as the fit reads them, with their ids for messages."""
    if study.info.prepared is None:
        raise MissingStepError("The study has no volumes yet; run the step 'preprocess' first.")
    grid = study.info.prepared.settings.grid
    reader = study.reader(scan_ids)
    return ScanSource(reader, len(scan_ids), grid, study.info.unit, tuple(scan_ids))


def ready_scans(study: Study) -> list[str]:
    """Ids of the scans that can be fitted.

    Raises:
        MissingStepError: If there is none, with the reason.
    """
    scan_ids = study.ready()
    if scan_ids:
        return scan_ids
    failed = study.scans().query("status == 'failed'").reason
    none = f"No scan of the study {study.name!r} is ready"
    if study.info.prepared is None or failed.empty:
        raise MissingStepError(f"{none}; run the step 'preprocess' first.")
    counts = failed.value_counts()
    of_them = "" if len(counts) == 1 else f", {counts.iloc[0]} of them for this reason"
    raise MissingStepError(
        f"{none}; {plural(len(failed), 'scan')} failed{of_them}: {counts.index[0]}"
    )


def _fit(
    study: Study,
    scan_ids: list[str],
    asked: Asked,
    writer: RunWriter,
    progress: Progress,
    sync: Sync,
) -> Fitted:
    """The fit itself; each epoch goes to the log and the progress."""
    rows = writer.logged()

    def tell(report: EpochReport) -> None:
        phase, epoch = report.row["phase"], report.row["epoch"]
        # What an earlier start logged from this epoch on is done again now.
        rows[:] = [row for row in rows if row["phase"] != phase or row["epoch"] < epoch]
        rows.append({**report.row, "remaining_seconds": round(report.remaining_seconds, 1)})
        writer.log(rows)
        stage = "Training" if phase == "pretrain" else "Refining clusters"
        progress(stage, int(epoch), report.n_epochs)

    pretrained, refined = _checkpoints(writer)
    context = FitContext(pretrained, refined, on_stage=progress, on_epoch=tell, sync=sync)
    technical = None if asked.taken is None else asked.taken.technical
    return fit_model(source_of(study, scan_ids), asked.settings, context, technical)


def _checkpoints(writer: RunWriter) -> tuple[CheckpointFile, CheckpointFile]:
    """Where the last epochs of pretraining and of the clustering phase are kept."""
    names = ("pretrained.safetensors", "refined.safetensors")
    first, second = (CheckpointFile(writer.folder / name, write_bytes) for name in names)
    return first, second
