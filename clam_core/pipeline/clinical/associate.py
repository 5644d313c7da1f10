"""Step `associate`: clusters of a run against the clinical table, with what makes it honest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from clam_core import __version__
from clam_core.embedding import spread_out
from clam_core.how_many.run_stability import Stability, cluster_stability
from clam_core.pipeline.clinical.follow_up import follow_up
from clam_core.pipeline.clinical.known_event import with_known_event
from clam_core.pipeline.clinical.table_or_scores import table_or_scores
from clam_core.pipeline.current import check_current
from clam_core.pipeline.json_values import plain_values
from clam_core.pipeline.output.export import clusters_table
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.reading.reading_columns import reading_columns
from clam_core.pipeline.scans.acquisition import acquisition_of
from clam_core.pipeline.summary import Summary
from clam_core.settings import AssociateSettings
from clam_core.settings.on_disk import is_same
from clam_core.statistics import (
    AssociationTable,
    Cohort,
    assemble,
    associate,
    compare_within_sites,
    confounding_panel,
    headline,
    qualifications,
    table_one,
    within_words,
)
from clam_core.statistics.headline import claimed
from clam_core.study import Run, Study
from clam_core.study.associations import (
    STATISTICS_VERSION,
    Associations,
    has_associations,
    inputs_digest,
    is_of_these_statistics,
    read_associations,
    write_associations,
)
from clam_core.study.visits import read_visits
from clam_core.tables.column_info import ColumnInfo, doubt_words
from clam_core.tables.column_names import joined_names
from clam_core.tables.rows_of_scans import align_to_scans

LIBRARIES = ("numpy", "scipy", "pandas", "statsmodels", "scikit-learn")
_FOLLOWS_FROM_PERSON = ("_predicted", "_lower_limit", "_reason")


@dataclass(frozen=True, eq=False)
class Inputs:
    """What is compared.

    Attributes:
        clusters: Indexed by scan_id: subject_id, cluster, confidence, q_1 ... q_k.
        clinical: Typed values, indexed by scan_id.
        columns: What its columns are.
        made: How the scans were made, indexed by scan_id.
        made_columns: What those columns are.
        notes: What was left out, in sentences.
    """

    clusters: pd.DataFrame
    clinical: pd.DataFrame
    columns: list[ColumnInfo]
    made: pd.DataFrame
    made_columns: list[ColumnInfo]
    notes: tuple[str, ...]

    def cohort(self, settings: AssociateSettings) -> Cohort:
        """Rows with their clusters, the acquisition of the scans beside the clinical values."""
        frame = self.clinical.join(self.made)
        return assemble(self.clusters, frame, [*self.columns, *self.made_columns], settings)


def associate_run(
    study: Study, name: str, settings: AssociateSettings, progress: Progress = silent
) -> Summary:
    """Compare every clinical column between the clusters of a run, and store the result.

    Args:
        study: A study with a clinical table, or with scores that all readers have locked.
        name: A fitted run.
        settings: What to adjust by and how to test.
        progress: Told what is going on.

    Returns:
        The answer in one sentence, then what a reader should know.

    Raises:
        MissingStepError: If there is neither of them, or no fitted run.
        StaleRunError: If the run was fitted on other volumes.
        TableError: If nothing can be compared, or a column is not there.
        BusyError: If another process works on the run.
    """
    run = Run(study, name)
    check_current(study, run)
    settings = with_known_event(study, _with_whole_names(study, settings))
    digest = inputs_digest(run)
    if has_associations(run):
        stored = read_associations(run)
        if _same(stored, settings, digest):
            first = "Nothing to do: this was computed with these settings before."
            return _summary(stored, (first,))
    progress("Reading clusters and clinical table", 0, 4)
    found = _compared(run, read_inputs(run, settings), settings, progress)
    # Of the inputs as they were read: a table that was changed since is noticed.
    write_associations(run, replace(found, about={**found.about, "inputs": digest}))
    return _summary(read_associations(run))


def _compared(
    run: Run, inputs: Inputs, settings: AssociateSettings, progress: Progress
) -> Associations:
    """Everything that is stored of a comparison, but for the digest of its inputs."""
    study = run.study
    progress("Comparing clinical values between clusters", 1, 4)
    compared = associate(inputs.clusters, inputs.clinical, inputs.columns, settings)
    cohort = inputs.cohort(settings)
    progress("Measuring how stable the clusters are", 2, 4)
    stability = _stability(run, settings.seed)
    progress("Comparing follow-up", 3, 4)
    tables, more = follow_up(cohort, read_visits(study), study.scans()["subject_id"], settings)
    confounding = confounding_panel(cohort, settings)
    within = compare_within_sites(cohort, compared.rows, settings)
    tables |= _tables(compared, study, settings)
    tables |= {"confounding": confounding.panel, "within": within}
    notes = (*inputs.notes, *compared.notes, *within_words(compared.rows, within), *more["notes"])
    about = {
        **_about(compared, settings),
        "headline": headline(compared.rows),
        "qualifications": qualifications(
            compared.rows, stability.jaccard_of, confounding.panel, settings.correction
        ),
        "banner": confounding.banner,
        "doubts": [*doubt_words(compared.cohort.columns.values()), *more["doubts"]],
        "notes": list(notes),
        "stability": plain_values(asdict(stability)),
        "follow_up": plain_values(more["values"]),
    }
    return Associations(compared.rows, tables, about)


def _with_whole_names(study: Study, settings: AssociateSettings) -> AssociateSettings:
    """The same with names of columns that hold a comma, which a command line took apart."""
    columns = [info.name for info in table_or_scores(study)[1]]
    columns += [info.name for info in acquisition_of(study, columns)[1]]
    columns += [info.name for info in reading_columns(study, columns)[1]]
    lists = {
        name: getattr(settings, name) for name in ("adjust", "used_in_clustering", "other_images")
    }
    whole = {name: joined_names(parts, columns) for name, parts in lists.items()}
    return settings if whole == lists else settings.model_copy(update=whole)


def _stability(run: Run, seed: int) -> Stability:
    features = run.array("features").astype(np.float64)
    clusters, info = run.scans()["cluster"].to_numpy(), run.info()
    lay_out = spread_out if info.method == "umap" else None
    return cluster_stability(features, clusters, info.clusterer, seed, lay_out)


def _about(found: AssociationTable, settings: AssociateSettings) -> dict[str, Any]:
    labels, clusters = found.cohort.labels, found.cohort.clusters
    return {
        "settings": settings.model_dump(mode="json"),
        "clusters": list(clusters),
        "sizes": [int((labels == number).sum()) for number in clusters],
        "n_tests": found.n_tests,
        "version": __version__,
        "statistics": STATISTICS_VERSION,
        "libraries": _versions(),
    }


def read_inputs(run: Run, settings: AssociateSettings) -> Inputs:
    """Clusters, clinical values and acquisition of a run's scans.

    Raises:
        MissingStepError: If there is no clinical table, or the run has not been fitted.
        AlignmentError: If the table has no row of any scan of the run.
    """
    clusters = clusters_table(run).set_index("scan_id")
    clinical, columns = table_or_scores(run.study)
    frame = align_to_scans(clinical, clusters)
    tested = [info for info in columns if not _is_idle(info)]
    notes = []
    if len(tested) < len(columns):
        notes.append(
            "Predicted values and lower limits of normal follow from sex, age and height alone; "
            "they were not tested."
        )
    made, made_columns = acquisition_of(run.study, [info.name for info in columns])
    kept = [info for info in made_columns if info.name in settings.adjust]
    taken = [info.name for info in (*columns, *made_columns)]
    scores, score_columns, more = reading_columns(run.study, taken)
    notes += more
    frame = frame[[info.name for info in tested]].join(made[[info.name for info in kept]])
    frame = frame.join(scores)
    rest = [info for info in made_columns if info not in kept]
    return Inputs(
        clusters,
        frame.rename_axis("scan_id"),
        [*tested, *kept, *score_columns],
        made[[info.name for info in rest]],
        rest,
        tuple(notes),
    )


def _is_idle(info: ColumnInfo) -> bool:
    """Whether a calculated column follows from the person alone, or says why there is no value."""
    is_measured = info.name.endswith("_percent_predicted")
    return bool(info.equation) and not is_measured and info.name.endswith(_FOLLOWS_FROM_PERSON)


def _tables(
    found: AssociationTable, study: Study, settings: AssociateSettings
) -> dict[str, pd.DataFrame]:
    """What goes with the rows; `values` and `members` are the rows that were compared."""
    cohort = found.cohort
    members = pd.DataFrame(
        {
            "subject_id": study.scans()["subject_id"][cohort.frame.index],
            "cluster": cohort.labels,
        }
    )
    return {
        **found.tables,
        "table_one": table_one(cohort, found.rows, settings.table_numbers),
        "values": cohort.frame,
        "members": members,
    }


def _same(stored: Associations, settings: AssociateSettings, digest: str) -> bool:
    about = stored.about
    return (
        about.get("inputs") == digest
        and is_same(about.get("settings"), settings)
        and is_of_these_statistics(stored)
        and _event_is_told(about)
    )


def _event_is_told(about: Mapping[str, Any]) -> bool:
    """Whether survival, if there is any, says which answer was its event; it once was guessed."""
    survival = about.get("follow_up", {}).get("survival")
    return survival is None or "event_words" in survival or "event" not in survival


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in LIBRARIES}


def _summary(stored: Associations, first: tuple[str, ...] = ()) -> Summary:
    about, rows = stored.about, stored.rows
    differ = claimed(rows)
    named = ", ".join(str(label) for label in differ["label"].head(10))
    more = f" and {len(differ) - 10} more" if len(differ) > 10 else ""
    sentences = [*first, about["headline"], *about["qualifications"]]
    if named:
        sentences.append(f"Different between clusters: {named}{more}.")
    sentences += [about["banner"]] if about["banner"] else []
    values = {
        "n_variables": len(rows),
        "n_tests": about["n_tests"],
        "different": differ["variable"].tolist(),
        "stability": about["stability"],
        "banner": about["banner"],
    }
    return Summary((*sentences, *about["notes"]), values)
