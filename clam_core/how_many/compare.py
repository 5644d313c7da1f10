"""Two runs side by side: which scans share a cluster in both."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from clam_core.errors import AlignmentError


@dataclass(frozen=True, eq=False)
class Agreement:
    """How far two clusterings of the same scans agree.

    Attributes:
        table: Scans by cluster of the first run (rows) and of the second (columns).
        adjusted_rand: 1 if they agree, about 0 if they have nothing in common.
        n_common: Scans that both have.
    """

    table: pd.DataFrame
    adjusted_rand: float
    n_common: int

    @property
    def sentence(self) -> str:
        """The agreement in words."""
        words = "have little in common"
        for least, said in ((0.3, "agree in part"), (0.6, "largely agree"), (0.9, "agree")):
            if self.adjusted_rand >= least:
                words = said
        return (
            f"The two runs {words} (adjusted Rand index {self.adjusted_rand:.2f}, "
            f"{self.n_common} scans)."
        )


def compare_clusters(first: pd.Series, second: pd.Series) -> Agreement:
    """Cross-table and adjusted Rand index of two runs.

    Args:
        first: Cluster of each scan, indexed by scan_id.
        second: The same of another run.

    Returns:
        Their agreement over the scans that both have.

    Raises:
        AlignmentError: If they have no scan in common.

    Source:
        Hubert & Arabie (1985), "Comparing partitions", J. Classification 2.
    """
    from sklearn.metrics import adjusted_rand_score

    common = first.index.intersection(second.index)
    if common.empty:
        raise AlignmentError("The two runs have no scan in common, so they cannot be compared.")
    rows, columns = first.loc[common], second.loc[common]
    table = pd.crosstab(rows.to_numpy(), columns.to_numpy())
    return Agreement(table, float(adjusted_rand_score(rows, columns)), len(common))
