"""Real against control, by subject: the difference, its interval, and whether it is chance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

N_FLIPS = 10_000
_MOST_ENUMERATED = 13


@dataclass(frozen=True)
class Difference:
    """Rating of real maps minus rating of controls.

    Attributes:
        value: Mean over subjects, in steps of the rating.
        low: Lower limit of its 95 % interval.
        high: Upper limit.
        p_value: Two-sided; 1 with no subject.
        n: Subjects.
    """

    value: float
    low: float
    high: float
    p_value: float
    n: int

    @property
    def is_more_than_chance(self) -> bool:
        """Whether real maps are rated higher, at 5 %."""
        return self.p_value < 0.05 and self.value > 0


def paired_difference(differences: NDArray[np.float64], seed: int = 0) -> Difference:
    """Test of signs flipped at random (Fisher, The Design of Experiments, 1935).

    Under chance, real map and control could have changed places in every subject. The interval
    holds the differences that the same test does not reject, so both always agree. All
    arrangements are tried for up to 13 subjects, else 10,000 of them.

    Args:
        differences: One per subject, shape (n,).
        seed: Same seed, same arrangements.
    """
    n = len(differences)
    if n == 0:
        return Difference(float("nan"), float("nan"), float("nan"), 1.0, 0)
    signs = _signs(n, seed)
    mean = float(differences.mean())
    flipped = signs @ differences / n
    slack = 1e-9 * max(1.0, float(np.abs(differences).max()))
    p_value = float(np.mean(np.abs(flipped) >= abs(mean) - slack))
    low, high = _not_rejected(differences, signs, mean)
    return Difference(mean, low, high, p_value, n)


def _signs(n: int, seed: int) -> NDArray[np.float64]:
    """Arrangements of signs, the observed one first, shape (n_arrangements, n)."""
    if n <= _MOST_ENUMERATED:
        bits = (np.arange(2**n)[:, None] >> np.arange(n)) & 1
        return np.asarray(1.0 - 2.0 * bits, np.float64)
    drawn = np.random.default_rng(seed).integers(0, 2, size=(N_FLIPS - 1, n))
    return np.asarray(np.vstack([np.ones(n), 1.0 - 2.0 * drawn]), np.float64)


def _not_rejected(
    differences: NDArray[np.float64], signs: NDArray[np.float64], mean: float
) -> tuple[float, float]:
    """Shifts whose p-value is at least 0.05.

    An arrangement counts against a shift below the mean once the shift reaches the smaller of
    the means over flipped and over unflipped subjects; above the mean the larger one.
    """
    flips = signs < 0
    n_flipped = flips.sum(axis=1)
    n = len(differences)
    total = float(differences.sum())
    of_flipped = flips @ differences
    with np.errstate(invalid="ignore", divide="ignore"):
        one = of_flipped / n_flipped
        other = (total - of_flipped) / (n - n_flipped)
    always = (n_flipped == 0) | (n_flipped == n)
    lower = np.where(always, -np.inf, np.fmin(one, other))
    upper = np.where(always, np.inf, np.fmax(one, other))
    needed = int(np.ceil(0.05 * len(signs) - 1e-9))
    low, high = float(np.sort(lower)[needed - 1]), float(np.sort(upper)[len(signs) - needed])
    return min(low, mean), max(high, mean)


def rating_summary(ratings: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Paired differences over all, by cluster, by reader and by kind of control.

    Args:
        ratings: A row per reader and scan: reader, scan_id, subject_id, cluster, control (its
            kind), real and rated (its control's rating); missing where one was not rated.
        seed: Same seed, same numbers.

    Returns:
        group, of, real, control, difference, low, high, p_value, n; the first row is over all and
        the only one with a claim, the others describe it.
    """
    whole = ratings.dropna(subset=["real", "rated"])
    rows = [_summarized("all", "all maps", whole, seed)]
    for group, column in (("cluster", "cluster"), ("reader", "reader"), ("control", "control")):
        kinds = whole[column].drop_duplicates().sort_values()
        rows += [
            _summarized(group, str(kind), whole[whole[column] == kind], seed) for kind in kinds
        ]
    return pd.DataFrame(rows)


def _summarized(group: str, of: str, ratings: pd.DataFrame, seed: int) -> dict[str, object]:
    """Readers are averaged within a scan, scans within a subject: the subject is the unit."""
    by_scan = ratings.groupby(["subject_id", "scan_id"])[["real", "rated"]].mean()
    by_subject = by_scan.groupby(level="subject_id").mean()
    differences = (by_subject["real"] - by_subject["rated"]).to_numpy(dtype=np.float64)
    found = paired_difference(differences, seed)
    return {
        "group": group,
        "of": of,
        "real": float(by_subject["real"].mean()),
        "control": float(by_subject["rated"].mean()),
        "difference": found.value,
        "low": found.low,
        "high": found.high,
        "p_value": found.p_value,
        "n": found.n,
    }


def rating_sentence(summary: pd.DataFrame) -> str:
    """The answer in one sentence."""
    row = summary.iloc[0]
    n = int(row["n"])
    if n == 0:
        return "No map has been rated together with its control yet."
    found = Difference(row["difference"], row["low"], row["high"], row["p_value"], n)
    said = f"{row['real']:.2f} against {row['control']:.2f} for controls"
    limits = f"95 % interval {found.low:+.2f} to {found.high:+.2f}"
    if not np.isfinite(found.low):
        limits = f"{n} subjects are too few for an interval"
    told = f"{said} (difference {found.value:+.2f}; {limits})"
    if found.is_more_than_chance:
        return f"Readers find that the maps point at disease, more than at chance: {told}."
    if found.p_value < 0.05:
        return f"Readers find that the maps point at disease less than controls do: {told}."
    return f"Readers do not find that the maps point at disease more than at chance: {told}."
