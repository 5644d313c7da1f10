"""Whether technical levels can be told apart from what is to be kept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from clam_core.errors import StudyError
from clam_core.fitting.harmonisation.technical_levels import KeptColumn, TechnicalLevels
from clam_core.settings.harmonise import FEWEST_OF_LEVEL, MOST_UNKNOWN

CONFOUNDED = 0.8
"""Share of a difference between levels that another column may explain (a variance inflation of 5,
James et al. 2021, "An introduction to statistical learning", 3.3.3)."""
FEWEST_COMPARED = 10
"""Scans with both values from which two columns are compared."""


def explained(technical: TechnicalLevels, column: KeptColumn) -> float:
    """The largest share of a difference between levels that another column explains.

    The square of the first canonical correlation between indicators of the levels and the
    values of the column, corrected for their number: a column with a level for each scan
    explains everything by chance.

    Args:
        technical: Levels.
        column: What may go with them.

    Returns:
        A number up to 1; 0 where too few scans have both values to say so.

    Source:
        Hotelling (1936), "Relations between two sets of variates", Biometrika 28; correction:
        Ezekiel (1930), "Methods of correlation analysis".
    """
    both = (technical.codes >= 0) & np.isfinite(column.values).all(axis=1)
    n_scans = int(both.sum())
    levels, values = (_basis(part[both]) for part in (technical.indicators, column.values))
    more = levels.shape[1]
    left = n_scans - more - values.shape[1]
    if n_scans < FEWEST_COMPARED or left < 1 or not more or not values.shape[1]:
        return 0.0
    squared = float(np.linalg.norm(levels.T @ values, ord=2)) ** 2
    return float(max(0.0, 1 - (1 - min(squared, 1.0)) * (n_scans - more) / left))


def _basis(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Orthonormal columns that span the centered values."""
    axes, sizes, _ = np.linalg.svd(values - values.mean(axis=0), full_matrices=False)
    basis: NDArray[np.float64] = axes[:, sizes > 1e-9 * max(float(sizes.max(initial=0)), 1e-9)]
    return basis


def check_levels(technical: TechnicalLevels, scan_ids: list[str]) -> None:
    """Refuse levels that nothing can be learnt from.

    Args:
        technical: Levels; their column and what is to be kept.
        scan_ids: The scans, for messages.

    Raises:
        StudyError: If there are fewer than two levels, a level has too few scans, too many
            scans have no value, or a column to keep cannot be told from the levels.
    """
    name, codes = technical.name, technical.codes
    if len(technical.levels) < 2:
        what = f"all are {technical.levels[0]!r}" if technical.levels else "none has a value"
        raise StudyError(
            f"{name} does not differ between the {len(codes)} scans ({what}); there is nothing to "
            "harmonise."
        )
    unknown = [scan_id for scan_id, code in zip(scan_ids, codes, strict=True) if code < 0]
    if len(unknown) > MOST_UNKNOWN * len(codes):
        raise StudyError(
            f"{len(unknown)} of {len(codes)} scans have no value of {name} ({listed(unknown)}); "
            f"at most {MOST_UNKNOWN:.0%} may be without, as they may come from elsewhere. Fill "
            "them in, or leave these scans out."
        )
    for column in technical.kept:
        share = explained(technical, column)
        if share >= CONFOUNDED:
            raise StudyError(confounded_words(technical, column, share))
    counts = np.bincount(codes[technical.is_known], minlength=len(technical.levels))
    few = [
        f"{technical.levels[c]!r} ({counts[c]})" for c in np.flatnonzero(counts < FEWEST_OF_LEVEL)
    ]
    if few:
        raise StudyError(
            f"Each level of {name} needs {FEWEST_OF_LEVEL} scans with all values, but "
            f"{listed(few)} have fewer; join levels that are alike in the clinical table, or leave "
            "these scans out."
        )


def confounded_words(technical: TechnicalLevels, column: KeptColumn, share: float) -> str:
    """Why a column cannot be told from the levels."""
    return (
        f"{technical.name} and {column.name} go together (one explains {share:.0%} of the other): "
        f"taking out the differences between levels of {technical.name} would take out those of "
        f"{column.name}, and nobody can tell which is which. Fit the scans of one level alone, or "
        "add scans that break the two apart."
    )


def listed(names: list[str], most: int = 5) -> str:
    """The first names, with commas, and how many more there are."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
