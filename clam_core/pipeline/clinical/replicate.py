"""Step `replicate`: clusters of a run, frozen, in a second cohort, and every association there."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from clam_core import __version__
from clam_core.clustering import cluster_each
from clam_core.errors import ClamError, SettingsError, TableError
from clam_core.fitting.discriminant import discriminant
from clam_core.fitting.fit_cohort import look
from clam_core.pipeline.brought.needs_network import require_placing
from clam_core.pipeline.clinical.associate import Inputs, read_inputs
from clam_core.pipeline.clinical.needed_table import needed_table
from clam_core.pipeline.current import check_current
from clam_core.pipeline.json_values import plain_values
from clam_core.pipeline.method.fit import source_of
from clam_core.pipeline.method.weights import load_model
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.settings import AssociateSettings
from clam_core.statistics import Cohort
from clam_core.statistics.cohort.column_arrays import codes_of
from clam_core.statistics.replication.agreement import Agreement, agreement
from clam_core.statistics.replication.compare_cohorts import RULE, compare_cohorts
from clam_core.statistics.sites.within import site_column
from clam_core.study import Run, Study
from clam_core.study.associations import (
    Replication,
    has_associations,
    inputs_digest,
    read_associations,
    write_replication,
)
from clam_core.tables.rows_of_scans import align_to_scans
from clam_core.training import CohortImages
from clam_core.wording import plural

_FEWEST = 10
_N_STARTS = 10
Labels = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class _Halves:
    """Two cohorts with the clusters of the first, and what went before."""

    first: Cohort
    second: Cohort
    agreed: Agreement
    words: str
    notes: tuple[str, ...]


def replicate_run(
    study: Study, name: str, other: Study | None, seed: int = 0, progress: Progress = silent
) -> Summary:
    """Freeze the clusters of a run, assign a second cohort, and compare there what differed here.

    Args:
        study: A study with a clinical table.
        name: A fitted run.
        other: Another study, prepared alike, with a clinical table; None takes half of the
            subjects of this one, drawn within sites.
        seed: The halves and the new clusters follow from it.
        progress: Told what is going on.

    Returns:
        How far the clusters are found again, and which associations are replicated.

    Raises:
        MissingStepError: If a clinical table or volumes are missing, or no run was fitted.
        StaleRunError: If the run was fitted on other volumes.
        SettingsError: If the other study was prepared otherwise, or is the same.
        TableError: If nothing can be compared.
    """
    run = Run(study, name)
    check_current(study, run)
    settings = _settings(run, seed)
    progress("Reading clusters and clinical table", 0, 3)
    inputs = read_inputs(run, settings)
    progress("Assigning the second cohort", 1, 3)
    halves = (
        _split(run, inputs, settings) if other is None else _other(run, other, inputs, settings)
    )
    progress("Comparing both cohorts", 2, 3)
    rows = compare_cohorts(halves.first, halves.second, settings)
    about = {
        "second": halves.words,
        "seed": seed,
        "version": __version__,
        "inputs": inputs_digest(run),
        "n_first": len(halves.first.labels),
        "n_second": len(halves.second.labels),
        "sizes_second": {
            str(one): int((halves.second.labels == one).sum()) for one in halves.second.clusters
        },
        "agreement": plain_values(asdict(halves.agreed)),
        "rule": RULE,
        "sentence": _sentence(rows),
        "notes": [*halves.notes, *halves.second.notes],
    }
    write_replication(run, Replication(rows, about))
    values = {**about, "rows": plain_values(rows.to_dict("records"))}
    said = (halves.agreed.sentence, about["sentence"], RULE, *halves.notes)
    return Summary(said, values)


def _settings(run: Run, seed: int) -> AssociateSettings:
    """What the stored associations were made with, as far as it matters here."""
    if not has_associations(run):
        return AssociateSettings(seed=seed)
    known = AssociateSettings.model_validate(read_associations(run).about["settings"])
    names = (
        "correction",
        "used_in_clustering",
        "other_images",
        "pick",
        "min_cluster_size",
        "within",
    )
    return AssociateSettings(seed=seed, **{one: getattr(known, one) for one in names})


def _sentence(rows: pd.DataFrame) -> str:
    if rows.empty:
        return "No variable could be compared in both cohorts."
    claimed = rows[rows["verdict"] != "not found in the first cohort"]
    again = claimed[claimed["verdict"] == "replicated"]
    n = claimed["variable"].nunique()
    if not n:
        return "Nothing differed between the clusters of the first cohort, so nothing could repeat."
    names = list(dict.fromkeys(again["label"]))
    listed = f": {', '.join(names[:8])}{' and more' if len(names) > 8 else ''}" if names else ""
    return (
        f"{len(names)} of {plural(n, 'variable')} that differed in the first cohort "
        f"{'was' if len(names) == 1 else 'were'} replicated in the second{listed}."
    )


def _cohort(inputs: Inputs, scans: pd.Index, labels: Labels, settings: AssociateSettings) -> Cohort:
    """Some scans of a study with clusters from 0."""
    kept = inputs.clusters.loc[scans, ["subject_id"]].assign(cluster=labels + 1)
    part = Inputs(
        kept, inputs.clinical.loc[scans], inputs.columns, inputs.made.loc[scans],
        inputs.made_columns, inputs.notes,
    )  # fmt: skip
    return part.cohort(settings)


def _again(features: NDArray[np.float64], clusterer: str, k: int, seed: int) -> Labels:
    """Clusters made anew from the features, by the clusterer of the run."""
    try:
        return cluster_each(features, clusterer, [k], seed, _N_STARTS)[k]
    except ClamError as error:
        raise TableError(f"The second cohort cannot be clustered again: {error}") from None


def _other(run: Run, other: Study, inputs: Inputs, settings: AssociateSettings) -> _Halves:
    """The whole study against another one, assigned by the model of the run."""
    if other.folder.resolve() == run.study.folder.resolve():
        raise SettingsError("The second study is the first one; name another one, or split it.")
    _check_alike(run.study, other)
    scan_ids = other.ready()
    source = source_of(other, scan_ids)
    require_placing(run)
    model, scale = load_model(run)
    seen = look(model, CohortImages(source, scale))
    frozen = seen.soft_assignment.argmax(axis=1).astype(np.int64)
    if len(scan_ids) < _FEWEST:
        raise TableError(
            f"The second study has {plural(len(scan_ids), 'scan')} that is ready; {_FEWEST} are "
            "needed to repeat a comparison."
        )
    k = model.n_clusters
    sizes = np.bincount(frozen, minlength=k)
    if (sizes > 0).sum() < 2:
        raise TableError(
            f"All {len(scan_ids)} scans of the study {other.name!r} fall into cluster "
            f"{sizes.argmax() + 1}, so that nothing can be compared: its scans do not differ as "
            "those of the first study do, or they were made or prepared otherwise."
        )
    features = seen.features.astype(np.float64)
    agreed = agreement(frozen, _again(features, run.info().clusterer, k, settings.seed))
    table = other.scans().loc[scan_ids]
    clusters = table[["subject_id"]].assign(
        cluster=frozen + 1, confidence=seen.soft_assignment.max(axis=1)
    )
    clinical, columns, _ = needed_table(other)
    frame = align_to_scans(clinical, clusters)
    second = Inputs(clusters, frame, columns, pd.DataFrame(index=clusters.index), [], ())
    first = inputs.cohort(settings)
    words = f"the study {other.name!r} ({plural(len(scan_ids), 'scan')})"
    return _Halves(first, second.cohort(settings), agreed, words, ())


def _check_alike(study: Study, other: Study) -> None:
    """Whether volumes of both studies were prepared alike."""
    if other.info.prepared is None:
        raise SettingsError(
            f"The study {other.name!r} has no volumes yet; run the step 'preprocess' on it first, "
            "with the settings of the first study."
        )
    if study.info.unit != other.info.unit:
        raise SettingsError("One study is in HU and the other is not; they cannot be compared.")
    known = study.info.prepared
    if known is None:
        return
    one, two = (p.settings.model_dump(mode="json") for p in (known, other.info.prepared))
    differ = [n for n in ("grid", "spacing_mm", "crop", "mask") if one[n] != two[n]]
    if differ:
        raise SettingsError(
            f"The study {other.name!r} was prepared with another {differ[0]} ({two[differ[0]]} "
            f"instead of {one[differ[0]]}); prepare it as the first study."
        )


def _split(run: Run, inputs: Inputs, settings: AssociateSettings) -> _Halves:
    """Half of the subjects, drawn within sites, make the clusters; the others are held out."""
    table = run.scans()
    whole = inputs.cohort(settings)
    site = site_column(whole, settings)
    held = _held_out(inputs, site, settings.seed)
    features = run.array("features").astype(np.float64)
    k = int(table["cluster"].max())
    in_second = table.index.isin(held)
    if min(in_second.sum(), (~in_second).sum()) < max(_FEWEST, 2 * k):
        raise TableError(
            f"Half of {plural(len(table), 'scan')} is too few to be clustered; a second cohort or "
            "more scans are needed."
        )
    clusterer = run.info().clusterer
    first = _again(features[~in_second], clusterer, k, settings.seed)
    joint = discriminant(features[~in_second], first).log_joint(features[in_second])
    frozen = joint.argmax(axis=1).astype(np.int64)
    agreed = agreement(frozen, _again(features[in_second], clusterer, k, settings.seed))
    by = f", drawn within {whole.columns[site].label}" if site is not None else ""
    words = f"a held-out half of the subjects{by} ({plural(int(in_second.sum()), 'scan')})"
    notes = (
        "Clusters were made anew from the features of the first half; the features themselves "
        "were made from all scans, without any clinical value.",
    )
    return _Halves(
        _cohort(inputs, table.index[~in_second], first, settings),
        _cohort(inputs, table.index[in_second], frozen, settings),
        agreed,
        words,
        notes,
    )


def _held_out(inputs: Inputs, site: str | None, seed: int) -> pd.Index:
    """Scans of every second subject, in random order within each site."""
    subjects = inputs.clusters["subject_id"].astype(str)
    each = subjects[~subjects.duplicated()]
    codes = np.zeros(len(each), dtype=np.int64)
    if site is not None:
        frame = inputs.clinical.join(inputs.made)
        codes = codes_of(frame.loc[each.index, site])[0]
    random = np.random.default_rng(seed)
    order = np.lexsort((random.permutation(len(each)), codes))
    # Sites follow one after another, so that an odd one does not always give to the first half.
    held = set(each.iloc[order[1::2]])
    return subjects.index[subjects.isin(held)]
