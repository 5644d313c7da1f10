"""Cohorts of disease seen by two scanners: do the groups follow the disease or the scanner?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from benchmarks.cohorts import Cohort
from benchmarks.journal import Journal, Progress
from benchmarks.patterns import ROWS, Group, pattern_scan
from benchmarks.two_scanners.rivals import plain_groups
from clam_core.clustering import clusterer_of
from clam_core.errors import StudyError
from clam_core.fitting import Fitted, fit_model, preset_settings
from clam_core.fitting.evident_number import select_of_run
from clam_core.fitting.harmonisation.check_levels import check_levels
from clam_core.fitting.harmonisation.technical_levels import KeptColumn, TechnicalLevels
from clam_core.settings import SelectSettings
from clam_core.training import ScanSource

FIRST_SEED = 200
"""Seeds below this one were looked at while the method was made."""
N_SCANS = 60
TITLE = "Two scanners: agreement with disease / with scanner (adjusted Rand index), mean (worst)"
NULL_TITLE = "Healthy scans by two scanners: cohorts in which groups are claimed"
Labels = NDArray[np.int64]

DISEASES = {
    "none": (Group(), Group()),
    **{
        name: ROWS[name]
        for name in (
            "+80 HU everywhere",
            "emphysema, 20 % against 2 %",
            "consolidation",
            "nodules",
            "honeycombing",
            "mosaic",
        )
    },
}
DESIGNS: dict[str, tuple[tuple[int, int], tuple[int, int]]] = {
    "equal": ((15, 15), (15, 15)),
    "disease 4:1": ((24, 24), (6, 6)),
    "scanners 4:1": ((24, 6), (24, 6)),
    "disease 70:30 between scanners": ((21, 9), (9, 21)),
    "one scanner, no effect": ((15, 15), (15, 15)),
    "disease is scanner": ((30, 0), (0, 30)),
}
"""Scans of each group (healthy, ill) by each scanner."""


@dataclass(frozen=True, eq=False)
class TwoScanners:
    """A cohort, and which of two scanners made each scan (0, 1)."""

    cohort: Cohort
    scanners: Labels

    def technical(self, *, is_kept: bool = False) -> TechnicalLevels:
        """The scanners as a fit takes them, the disease as a column to keep if that is asked."""
        groups = self.cohort.groups
        kept = KeptColumn("disease", groups[:, None].astype(np.float64), groups)
        return TechnicalLevels(
            "scanner", ("soft", "sharp"), self.scanners, (kept,) if is_kept else ()
        )


def two_scanners(disease: str, design: str, seed: int) -> TwoScanners:
    """Phantom scans, half by a soft and quiet scanner, half by a sharp and noisy one.

    Args:
        disease: One of `DISEASES`.
        design: One of `DESIGNS`.
        seed: Everything random follows from it.
    """
    rng = np.random.default_rng([seed, len(disease), len(design)])
    pairs = [
        (group, scanner)
        for group, row in enumerate(DESIGNS[design])
        for scanner, n_scans in enumerate(row)
        for _ in range(n_scans)
    ]
    order = np.array(pairs)[rng.permutation(len(pairs))]
    scans = []
    for group, scanner in order:
        volume, mask = pattern_scan(DISEASES[disease][group], rng)
        # Where there is no effect all scans are made alike; the column means nothing.
        by = 0 if design == "one scanner, no effect" else int(scanner)
        scans.append((seen_by(volume, by, rng), mask))
    volumes, masks = (np.stack(part) for part in zip(*scans, strict=True))
    cohort = Cohort(disease, volumes, masks, order[:, 0].astype(np.int64))
    return TwoScanners(cohort, order[:, 1].astype(np.int64))


def seen_by(volume: NDArray[np.int16], scanner: int, rng: np.random.Generator) -> NDArray[np.int16]:
    """A scan by a soft kernel with little noise (0), or a sharp one with much (1)."""
    values = volume.astype(np.float64)
    if scanner == 0:
        values = gaussian_filter(values, 0.5) + rng.normal(0, 8, values.shape)
    else:
        # Unsharp masking, as an edge-enhancing kernel does.
        values += 0.7 * (values - gaussian_filter(values, 0.7)) + rng.normal(0, 25, values.shape)
    return np.clip(values, -1024, 3071).astype(np.int16)


def measure(n_seeds: int, progress: Progress, to: Path | None = None) -> pd.DataFrame:
    """Group every cohort without and with harmonisation, and in plain ways.

    Args:
        n_seeds: Cohorts of each disease and design; four times as many without disease.
        progress: Told how many are done.
        to: Table (CSV) that rows are kept in as they come, or None.

    Returns:
        One row per cohort and way: disease, design, seed, way, with_disease, with_scanner
        (adjusted Rand index), claimed (number of groups that `select` recommends, healthy
        cohorts only) and refused.
    """
    journal = Journal(to, ("disease", "design", "seed"))
    tasks = list(_tasks(n_seeds))
    for number, (disease, design, seed) in enumerate(tasks):
        progress("Two scanners", number, len(tasks))
        facts = {"disease": disease, "design": design, "seed": seed}
        journal.take(facts, lambda f=facts: _compare(**f))  # type: ignore[misc]
    return journal.table()


def _tasks(n_seeds: int) -> Iterator[tuple[str, str, int]]:
    for number in range(n_seeds):
        seed = FIRST_SEED + number
        yield from (("none", "equal", FIRST_SEED + 4 * number + part) for part in range(4))
        for disease in list(DISEASES)[1:]:
            yield disease, "equal", seed
        for design in list(DESIGNS)[1:]:
            yield "consolidation", design, seed
        yield "emphysema, 20 % against 2 %", "disease 70:30 between scanners", seed


def _compare(disease: str, design: str, seed: int) -> Iterator[dict[str, object]]:
    made = two_scanners(disease, design, seed)
    if design == "disease is scanner":
        yield {"way": "harmonised, disease kept", "refused": _is_refused(made)}
        return
    cohort = made.cohort
    source = ScanSource(cohort.read, len(cohort.volumes), cohort.grid, cohort.unit)
    settings = preset_settings("default", 2, seed=seed)
    ways: dict[str, Labels] = {}
    claimed: dict[str, int] = {}
    fitted = fit_model(source, settings, None, made.technical())
    if fitted.clusters_before is not None:
        ways["default"] = fitted.clusters_before
    ways["harmonised"] = fitted.soft_assignment.argmax(axis=1)
    if disease == "none":
        plain = fit_model(source, settings)
        claimed = {"default": _claimed(plain), "harmonised": _claimed(fitted)}
    elif "70:30" in design:
        kept = fit_model(source, settings, None, made.technical(is_kept=True))
        ways["harmonised, disease kept"] = kept.soft_assignment.argmax(axis=1)
    ways |= plain_groups(source, made.scanners, seed)
    for way, clusters in ways.items():
        yield {
            "way": way,
            "with_disease": _same(cohort.groups, clusters),
            "with_scanner": _same(made.scanners, clusters),
            "claimed": claimed.get(way),
        }


def _is_refused(made: TwoScanners) -> bool:
    try:
        check_levels(made.technical(is_kept=True), [""] * N_SCANS)
    except StudyError:
        return True
    return False


def _claimed(fitted: Fitted) -> int:
    values, clusterer = fitted.features.astype(np.float64), clusterer_of(fitted.method)
    return select_of_run(values, clusterer, SelectSettings(methods=("kmeans",))).recommended or 0


def _same(first: Labels, second: Labels) -> float:
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(first, second))


def summarize(table: pd.DataFrame) -> pd.DataFrame:
    """Agreement with disease and scanner: a row per disease and design, a column per way."""
    part = table[table["with_disease"].notna()]
    part = part.assign(row=part["disease"] + ", " + part["design"])
    grouped = part.groupby(["row", "way"], sort=False)
    ill, made = grouped["with_disease"], grouped["with_scanner"]
    text = _text(ill, "mean") + " (" + _text(ill, "min") + ") / " + _text(made, "mean")
    wide = text.unstack("way").loc[list(dict.fromkeys(part["row"]))].fillna("")
    return wide[list(dict.fromkeys(part["way"]))].replace("-0.00", "0.00", regex=True)


def _text(grouped: object, how: str) -> pd.Series[str]:
    values: pd.Series[float] = getattr(grouped, how)()
    return values.map("{:.2f}".format)


def claims(table: pd.DataFrame) -> pd.DataFrame:
    """Healthy cohorts in which groups are claimed, and confounded ones that are refused."""
    rows = []
    healthy = table[(table["disease"] == "none") & table["claimed"].notna()]
    for way, each in healthy.groupby("way", sort=False):
        words = f"{int((each['claimed'] > 0).sum())} of {len(each)}"
        rows.append({"what": "healthy, groups are claimed", "way": way, "cohorts": words})
    confounded = table[table["design"] == "disease is scanner"]
    words = f"{int(confounded['refused'].astype(bool).sum())} of {len(confounded)}"
    rows.append({"what": "disease is scanner, refused", "way": "harmonised", "cohorts": words})
    return pd.DataFrame(rows).set_index("what")
