"""Do the clusters matter? Every clinical variable compared between the clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from clam_core.errors import TableError
from clam_core.settings import AssociateSettings
from clam_core.statistics.claims import CLAIM_COLUMNS, add_claims
from clam_core.statistics.cohort.assemble import Cohort, Description, assemble
from clam_core.statistics.cohort.column_arrays import NUMBERS
from clam_core.statistics.headline import LEVEL, checked, uncapitalized
from clam_core.statistics.losses import covariate_words, missing_words, weighting_words
from clam_core.statistics.models.design import build_covariates
from clam_core.statistics.result_rows import CSV_COLUMNS, Row, make_row
from clam_core.statistics.significance.correction import CORRECTION_NAMES, correct, correct_within
from clam_core.statistics.sites.confounding import confounding_panel
from clam_core.tables.column_info import doubt_words

_MORE_COLUMNS = ("label", "unit", "summary", "why", "p_adjusted_all", "n_tests")
TABLES = ("pairs", "contrasts", "adjusted_means", "equivalence")
_VERY_SMALL = 10
_COMPLETE = ", those where no covariate is missing"


@dataclass(frozen=True, eq=False)
class AssociationTable:
    """Everything about the clusters and the clinical table.

    Attributes:
        rows: One row per variable; `CSV_COLUMNS` first.
        tables: Beside the rows, by name: `pairs` and adjusted `contrasts`, one row per variable
            and pair of clusters; `adjusted_means`, one per cluster; `equivalence`, one per pair.
        confounding: The confounding panel.
        banner: A warning where the clusters follow the site or the scanner; else empty.
        notes: What was done and what a reader should know, in sentences.
        cohort: The rows that were compared.
    """

    rows: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    confounding: pd.DataFrame
    banner: str
    notes: tuple[str, ...]
    cohort: Cohort

    @property
    def pairs(self) -> pd.DataFrame:
        """One row per variable and pair of clusters."""
        return self.tables["pairs"]

    @property
    def contrasts(self) -> pd.DataFrame:
        """One row per variable and pair of clusters, crude and adjusted."""
        return self.tables["contrasts"]

    @property
    def n_tests(self) -> int:
        """Number of variables that were tested."""
        return int(self.rows["p_value"].notna().sum())


def associate(
    clusters: pd.DataFrame,
    clinical: pd.DataFrame,
    description: Description,
    settings: AssociateSettings | None = None,
) -> AssociationTable:
    """Compare every clinical variable between the clusters.

    Args:
        clusters: Indexed by scan_id: subject_id, cluster (from 1), and where they are
            known confidence and the soft assignment q_1 ... q_k.
        clinical: Typed values, indexed by scan_id or subject_id.
        description: What its columns are.
        settings: What to adjust by and how to test; None takes the defaults.

    Returns:
        One row per variable, with a test or the reason why there is none.

    Raises:
        AlignmentError: If the tables do not match.
        TableError: If fewer than two clusters can be compared, or a covariate is missing.
    """
    settings = settings or AssociateSettings()
    cohort = assemble(clusters, clinical, description, settings)
    covariates = build_covariates(cohort.frame, cohort.columns, settings.adjust)
    made = [make_row(cohort, info, covariates, settings) for info in cohort.columns.values()]
    rows = _corrected(pd.DataFrame([row.cells for row in made]), settings)
    if len(rows):
        rows = add_claims(rows, cohort, settings, [row.problem for row in made])
    confounding = confounding_panel(cohort, settings)
    return AssociationTable(
        rows,
        {name: _stacked(name, made) for name in TABLES},
        confounding.panel,
        confounding.banner,
        (
            *cohort.notes,
            *doubt_words(cohort.columns.values()),
            *_notes(rows, cohort, settings),
            *_lost(rows, cohort),
            *covariate_words(cohort, covariates, settings.impute),
        ),
        cohort,
    )


def _stacked(name: str, rows: list[Row]) -> pd.DataFrame:
    """A table of all variables below each other, the variable in the first column."""
    frames = {str(row.cells["variable"]): row.tables.get(name, pd.DataFrame()) for row in rows}
    frames = {variable: frame for variable, frame in frames.items() if len(frame)}
    if not frames:
        return pd.DataFrame(columns=["variable"])
    stacked = pd.concat(list(frames.values()), ignore_index=True)
    names = np.repeat(list(frames), [len(frame) for frame in frames.values()])
    stacked.insert(0, "variable", names)
    return stacked


def _corrected(rows: pd.DataFrame, settings: AssociateSettings) -> pd.DataFrame:
    """P-values corrected within families and over all, columns in their order."""
    if rows.empty:
        return pd.DataFrame(columns=[*CSV_COLUMNS, *_MORE_COLUMNS, *CLAIM_COLUMNS])
    p_value = rows["p_value"].to_numpy(dtype=np.float64)
    adjusted = rows["adjusted_p_value"].to_numpy(dtype=np.float64)
    families = rows["family"].tolist()
    rows = rows.assign(
        p_adjusted=correct_within(p_value, families, settings.correction),
        p_adjusted_all=correct(p_value, settings.correction),
        adjusted_p_adjusted=correct_within(adjusted, families, settings.correction),
        n_tests=int(np.isfinite(p_value).sum()),
    )
    first = [*CSV_COLUMNS, *_MORE_COLUMNS]
    return rows[[*first, *(name for name in rows.columns if name not in first)]]


def _notes(rows: pd.DataFrame, cohort: Cohort, settings: AssociateSettings) -> list[str]:
    """Sentences on the number of tests and on what they can and cannot say."""
    tested = rows["p_value"].notna()
    n_tests, families = int(tested.sum()), int(rows.loc[tested, "family"].nunique())
    by_chance = 0.05 * n_tests
    sizes = [int((cohort.labels == number).sum()) for number in cohort.clusters]
    notes = [
        f"{n_tests} variables were tested in {families} families; {_not(len(rows) - n_tests)} not. "
        f"With {n_tests} tests, about {by_chance:.1f} would have p < 0.05 if nothing differed; "
        "corrected p-values allow for that within each family "
        f"({CORRECTION_NAMES[settings.correction]}); the headline allows for all families at once.",
        *_left_out(rows),
        *_taken_back(rows),
        "All tests take the clusters as given. If their number was chosen by looking at these "
        "p-values, the p-values are too small.",
    ]
    notes += _equivalence_words(cohort, settings)
    if settings.label_draws:
        notes.append(
            f"Beside the test of the clusters stands one of {settings.label_draws} draws of each "
            "row's cluster from its probabilities, pooled by Rubin's rules. Draws know nothing of "
            "the variable, so that these effects are rather too small and p-values too large."
        )
    if settings.adjust and settings.adjust_by == "weights":
        notes += weighting_words(cohort, settings)
    elif settings.adjust:
        held = ", ".join(uncapitalized(cohort.columns[name].label) for name in settings.adjust)
        notes.append(
            f"Adjusted results hold {held} constant; crude results beside "
            f"them come from the same rows{'' if settings.impute else _COMPLETE}."
        )
    if min(sizes) < _VERY_SMALL:
        notes.append(
            f"The smallest cluster has {min(sizes)} rows: only very large effects can be found."
        )
    return notes


def _equivalence_words(cohort: Cohort, settings: AssociateSettings) -> list[str]:
    """Columns for which a bound was stated that cannot be used."""
    words = []
    for name in settings.equivalence or {}:
        info = cohort.columns.get(name)
        if info is None:
            raise TableError(
                f"There is no column {name!r} whose clusters could be alike; the clinical table "
                f"has {', '.join(map(repr, cohort.columns))}."
            )
        if info.kind not in NUMBERS:
            words.append(
                f"Equivalence of {info.label} was not tested: it is {info.kind}, and a bound is "
                "one of means."
            )
    return words


def _lost(rows: pd.DataFrame, cohort: Cohort) -> list[str]:
    """Variables that were compared without a cluster, and values missing unevenly."""
    if rows.empty:
        return []
    short = rows[rows["clusters_left_out"] != ""]
    named = "; ".join(
        f"{row.label} (without {row.clusters_left_out})" for row in short.itertuples()
    )
    without = [f"Not compared between all clusters, for want of values: {named}."] if named else []
    return [*without, *missing_words(rows, cohort.clusters)]


def _left_out(rows: pd.DataFrame) -> list[str]:
    """Which tested variables the headline does not count, and why."""
    out = rows[rows["p_value"].notna() & (rows["not_counted"] != "")]
    if out.empty:
        return []
    named = "; ".join(f"{row.label} ({row.not_counted})" for row in out.itertuples())
    return [f"The headline does not count: {named}."]


def _taken_back(rows: pd.DataFrame) -> list[str]:
    """Which variables a test found, but shuffles did not."""
    lost = checked(rows)
    lost = lost[lost["headline_p"] >= LEVEL]
    if lost.empty:
        return []
    named = "; ".join(
        f"{row['label']} (p by shuffles {row['shuffled_p_value']:.2g})"
        for row in lost.to_dict("records")
    )
    return [f"Found by a test, but not by shuffles, so that the headline does not count: {named}."]


def _not(count: int) -> str:
    return f"{count} was" if count == 1 else f"{count} were"
