"""From the rows to one recommendation and its reason."""

from __future__ import annotations

from collections.abc import Sequence

from clam_core.how_many.selection import NumberRow
from clam_core.settings.verdicts import DOUBTFUL, STABLE

LARGEST_P = 0.1
"""Lenient, because the valley and the resampled cohorts have to agree."""
DEEPEST, DEEPEST_WORST = 0.4, 1.0
"""A number holds where the density between clusters is below this share of that at their
centers, and where no single cluster is denser at its border than at its center (which is
the tail of another). Measured: Gaussian and uniform cohorts 0.5 and more, groups six
standard deviations apart 0.3 and less."""
EVIDENT = 0.05
"""Largest `dip_p` at which scans fall into two heaps between neighbouring clusters."""
SMALL = 0.15
"""A cluster with a smaller share of the scans may be what lies far out of one heap, with a
silhouette and a valley like those of a group: heaps have to be evident. Measured: where one
heap has heavy tails, such clusters have up to 12 % of the scans."""


Verdict = tuple[int | None, str, tuple[str, ...]]
"""The number that is recommended (None: no structure), the reason in one sentence, and notes."""


def decide(rows: tuple[NumberRow, ...]) -> Verdict:
    """Recommend the number with the highest silhouette among those that hold.

    A number holds if its clusters are found again in resampled cohorts, and two of these three
    hold: cohorts without groups do not reach its silhouette, and fewer scans lie between its
    clusters than at their centers; scans evidently fall into two heaps between neighbouring
    clusters; none is small.

    Args:
        rows: One per number of clusters, at least one.

    Returns:
        The number (None: no structure), the reason in one sentence, and notes.
    """
    holding = [row for row in rows if not objections(row)]
    if not holding:
        best = max(rows, key=lambda row: row.silhouette)
        listed = " and ".join(objections(best))
        return (
            None,
            f"No number of clusters is recommended: already for the best candidate, "
            f"{best.n_clusters} clusters, {listed}.",
            (use_without_structure(best),),
        )
    best = max(holding, key=lambda row: row.silhouette)
    highest = max(row.silhouette for row in rows)
    others = [str(row.n_clusters) for row in holding if row is not best]
    notes = (
        (f"{' and '.join(others)} clusters hold as well, with a lower silhouette.",)
        if others
        else ()
    )
    return best.n_clusters, _praise(best, is_highest=best.silhouette >= highest), notes


def objections(row: NumberRow) -> list[str]:
    """What speaks against a number of clusters, in words; nothing if it holds."""
    if _is_stable(row) and _is_evident(row) and not _has_small(row):
        return []
    sentences = []
    # `not <=` rather than `>`: what could not be computed is NaN and has to object.
    if not row.silhouette_p <= LARGEST_P:
        sentences.append(
            f"cohorts without any groups reach the silhouette of {row.silhouette:.2f} "
            f"(p = {row.silhouette_p:.2f})"
        )
    if not _is_stable(row):
        sentences.append(
            f"the clusters are not found again in resampled cohorts (Jaccard index "
            f"{row.jaccard:.2f}, least stable {row.jaccard_worst:.2f})"
        )
    return [*sentences, *_no_gap(row)]


def _no_gap(row: NumberRow) -> list[str]:
    """What speaks against a gap between the clusters."""
    if not row.valley <= DEEPEST:
        return [
            f"the scans lie about as densely between the clusters as at their centers "
            f"({100 * row.valley:.0f} %)"
        ]
    if not row.valley_worst <= DEEPEST_WORST:
        return ["one cluster is only the tail of another, with no gap between the two"]
    if _has_small(row) and not _is_evident(row):
        return [
            f"the smallest cluster ({min(row.sizes)} of {sum(row.sizes)} scans) may be no more "
            "than the scans that lie farthest out"
        ]
    return []


def _has_small(row: NumberRow) -> bool:
    """Whether a cluster has so few scans that they may be what lies farthest out."""
    return min(row.sizes) < SMALL * sum(row.sizes)


def _is_evident(row: NumberRow) -> bool:
    """Whether scans fall into two heaps between neighbouring clusters; NaN is not."""
    return row.dip_p <= EVIDENT


def is_stable(jaccard_of: Sequence[float]) -> bool:
    """Whether all clusters are found again in resampled cohorts; NaN is not."""
    mean = sum(jaccard_of) / len(jaccard_of)
    # Not `min`, which passes over NaN.
    return mean >= STABLE and all(one >= DOUBTFUL for one in jaccard_of)


def _is_stable(row: NumberRow) -> bool:
    """The same of a row."""
    return row.jaccard >= STABLE and row.jaccard_worst >= DOUBTFUL


def use_without_structure(row: NumberRow) -> str:
    """What clusters are worth where there is no structure."""
    if _is_stable(row):
        return (
            f"{row.n_clusters} clusters are found again in resampled cohorts all the same "
            f"(Jaccard index {row.jaccard:.2f}): they divide a continuum, always at the same place."
        )
    return "Clusters can be made all the same; another cohort would give others."


def _praise(row: NumberRow, *, is_highest: bool) -> str:
    """Why a number that holds is recommended."""
    which = "have" if is_highest else "have, of the numbers that hold,"
    if row.silhouette_p <= LARGEST_P:
        beyond = f"; cohorts without groups do not reach it, p = {row.silhouette_p:.2f}"
    else:
        beyond = ""
    if _is_evident(row):
        gap = f"there is a gap between neighbouring ones (dip, p = {row.dip_p:.2f})"
    else:
        gap = f"only {100 * row.valley:.0f} % as many scans lie between them as at their centers"
    return (
        f"{row.n_clusters} clusters {which} the highest silhouette ({row.silhouette:.2f}{beyond}), "
        f"are found again in resampled cohorts (Jaccard index {row.jaccard:.2f}), and {gap}."
    )
