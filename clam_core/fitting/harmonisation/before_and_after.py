"""What harmonisation did: clusters of a fit without and with it beside level and disease."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from clam_core.fitting.harmonisation.technical_levels import TechnicalLevels
from clam_core.fitting.plain_rivals import share_between
from clam_core.settings import FitMethod
from clam_core.settings.harmonise import BeforeAfter, Harmonised
from clam_core.settings.views import view_of

Labels = NDArray[np.int64]


class Grouped(Protocol):
    """What a fit says about its scans."""

    @property
    def method(self) -> FitMethod:
        """The method in use."""
        ...

    @property
    def features(self) -> NDArray[np.float32]:
        """What was clustered, shape (n_scans, n_features)."""
        ...

    @property
    def soft_assignment(self) -> NDArray[np.float32]:
        """Shape (n_scans, n_clusters)."""
        ...


def compare_fits(technical: TechnicalLevels, before: Grouped, after: Grouped) -> Harmonised:
    """Hold the clusters of two fits against how the scans were made, and what was to be kept.

    Args:
        technical: How the scans were made.
        before: The fit of the same scans with nothing taken out.
        after: The fit with its directions taken out.

    Source:
        Agreement: Hubert & Arabie (1985), "Comparing partitions", J. Classification 2; share:
        Kelley (1935), "An unbiased correlation ratio measure", PNAS 21.
    """
    labels = [fit.soft_assignment.argmax(axis=1) for fit in (before, after)]
    has_level = technical.codes >= 0
    codes = technical.codes[has_level]
    shares = [share_between(fit.features[has_level], codes) for fit in (before, after)]
    counts = np.bincount(codes, minlength=len(technical.levels))
    return Harmonised(
        column=technical.name,
        levels={name: int(n) for name, n in zip(technical.levels, counts, strict=True)},
        n_unknown=int((~technical.is_known).sum()),
        kept=tuple(column.name for column in technical.kept),
        share=(shares[0], shares[1]),
        technical=_agreement(labels, technical.codes),
        clinical={
            column.name: _agreement(labels, column.codes)
            for column in technical.kept
            if column.codes is not None
        },
        same=_same(labels[0], labels[1]),
        views=(view_of(before.method), view_of(after.method)),
    )


def _agreement(labels: list[Labels], codes: Labels) -> BeforeAfter:
    known = codes >= 0
    before, after = (_same(one[known], codes[known]) for one in labels)
    return before, after


def _same(first: Labels, second: Labels) -> float:
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(first, second))
