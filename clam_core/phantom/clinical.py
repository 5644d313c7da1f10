"""The clinical table of the demo cohort, from a stated linear model.

Lung function: measured = expected(sex, age, height) * (1 - s_g *
ground_glass_extent - s_f * fibrosis_extent) + noise, with the slopes (s_g, s_f)
of `SLOPES` and the extents as fractions of the lung volume; FEV1 also loses
0.008 L per pack-year. Noise is normal, sd 0.32 L (FVC), 0.28 L (FEV1), 0.42 L
(TLC), 2.6 mL/min/mmHg (DLCO), correlated by 0.64 between the three volumes. No
value falls below a fifth of the expected one, FEV1 not above 95 % of FVC, TLC
not below 105 % of it.

Visual scores are steps (0 to 5) of the true extent as a reader sees it, misjudged
by a log-normal factor (sd 0.35). Walking distance and dyspnoea follow the
extents, the Scadding stage follows the group. Site and smoking are unrelated to
the disease; shoe size is unrelated to everything. Values are missing at
`MISSING_RATES`, and one subject has no row.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from clam_core.errors import SettingsError
from clam_core.phantom.scan import Truth
from clam_core.settings import Settings

Values = NDArray[np.float64]

SI_TO_DLCO = 2.987
"""mL/min/mmHg in one mmol/min/kPa."""

LUNG_FUNCTION = {
    "FVC_L": ((5.76, 0.026, -4.34), (4.43, 0.026, -2.89), 1.0),
    "FEV1_L": ((4.30, 0.029, -2.49), (3.95, 0.025, -2.60), 1.0),
    "TLC_L": ((7.99, 0.0, -7.08), (6.60, 0.0, -5.79), 1.0),
    "DLCO": ((11.11, 0.066, -6.03), (8.18, 0.049, -2.74), SI_TO_DLCO),
}
"""For men and women: a per m of height, b per year of age, c; and the factor to the unit."""

SLOPES = {
    "FVC_L": (1.2, 2.6),
    "FEV1_L": (1.1, 2.3),
    "TLC_L": (0.8, 2.0),
    "DLCO": (1.8, 4.0),
}
"""Share of the expected value lost per unit of ground glass and of fibrosis extent."""

_NOISE_SD = {"FVC_L": 0.32, "FEV1_L": 0.28, "TLC_L": 0.42, "DLCO": 2.6}
_DECIMALS = {"FVC_L": 2, "FEV1_L": 2, "TLC_L": 2, "DLCO": 1}
_SCORE_EDGES = (0.004, 0.02, 0.05, 0.09, 0.15)
_SCADDING = ("0", "I", "II", "III", "IV")
_SCADDING_SHARES = {
    "minimal": (0.25, 0.5, 0.25, 0.0, 0.0),
    "ground_glass": (0.0, 0.15, 0.5, 0.35, 0.0),
    "fibrosis": (0.0, 0.0, 0.05, 0.15, 0.8),
}

MISSING_RATES = {
    "weight_kg": 0.04,
    "pack_years": 0.06,
    "FVC_L": 0.04,
    "FEV1_L": 0.04,
    "TLC_L": 0.08,
    "DLCO": 0.10,
    "fibrosis_score": 0.04,
    "six_minute_walk_m": 0.08,
    "dyspnoea_mMRC": 0.05,
}
"""Probability that a value is missing, whatever it is (missing completely at random)."""


class ClinicalSettings(Settings):
    """How far the clinical table departs from its model.

    Attributes:
        noise: Factor on all random deviations from the model; 0 gives the model.
        missing: Factor on `MISSING_RATES`; 0 gives a complete table.
        n_absent: Subjects that have a scan but no row.
    """

    noise: float = Field(default=1.0, ge=0, le=10)
    missing: float = Field(default=1.0, ge=0, le=5)
    n_absent: int = Field(default=1, ge=0)


def expected_lung_function(
    column: str, is_male: NDArray[np.bool_], age: Values, height_m: Values
) -> Values:
    """Expected value of a healthy person: a * height - b * age + c.

    Args:
        column: A key of `LUNG_FUNCTION`.
        is_male: Whether each person is a man, shape (n,).
        age: Years, shape (n,); below 25 counts as 25, as the source has it.
        height_m: Height, m, shape (n,).

    Returns:
        Litres, or mL/min/mmHg for DLCO, shape (n,).

    Source:
        Quanjer et al. (1993), "Lung volumes and forced ventilatory flows", Eur
        Respir J 6 Suppl 16; DLCO from Cotes et al. (1993), same supplement.
    """
    men, women, factor = LUNG_FUNCTION[column]
    years = np.maximum(age, 25)
    values = [a * height_m - b * years + c for a, b, c in (men, women)]
    return factor * np.where(is_male, values[0], values[1])


def make_clinical_table(
    truths: Iterable[Truth], seed: int, settings: ClinicalSettings | None = None
) -> pd.DataFrame:
    """Make the clinical table that belongs to scans of the demo cohort.

    The model is stated at the top of this module.

    Args:
        truths: Truth of each scan of `make_cohort`.
        seed: Seed of everything that is random in the table.
        settings: Noise and gaps; None takes the defaults.

    Returns:
        One row per subject, ordered by subject_id.

    Raises:
        SettingsError: If a truth is not one of the demo cohort.
    """
    settings = settings or ClinicalSettings()
    truth = _truth_table(list(truths))
    # A key that no scan has (`child_seed`): table and scans are drawn apart.
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1 << 30,)))
    table = _person(truth, rng, settings.noise)
    _add_lung_function(table, truth, rng, settings.noise)
    _add_scores(table, truth, rng, settings.noise)
    _add_symptoms(table, truth, rng, settings.noise)
    table["shoe_size"] = rng.integers(36, 47, len(table))
    return _with_gaps(table, rng, settings)


def _truth_table(rows: list[Truth]) -> pd.DataFrame:
    """Truths as a table ordered by subject, once all that is needed is there."""
    for name in ("subject_id", "scan_id", "group", "sex", "age", "height_cm", "fat_mm"):
        if not rows or any(name not in row for row in rows):
            raise SettingsError(
                f"A scan's truth has no {name!r}; the clinical table needs scans of make_cohort."
            )
    return pd.DataFrame(rows).sort_values("subject_id", ignore_index=True)


def _extents(truth: pd.DataFrame, name: str) -> Values:
    return truth[f"{name}_extent"].to_numpy(dtype=np.float64)


def _person(truth: pd.DataFrame, rng: np.random.Generator, noise: float) -> pd.DataFrame:
    """Columns that describe the person and where the scan was made."""
    count = len(truth)
    height = truth["height_cm"].to_numpy(dtype=np.float64)
    fat = truth["fat_mm"].to_numpy(dtype=np.float64)
    weight = (height / 100) ** 2 * (20 + 0.45 * fat + noise * rng.normal(0, 1.2, count))
    smoking = rng.choice(["never", "former", "current"], count, p=[0.6, 0.3, 0.1])
    pack_years = np.where(smoking == "never", 0, rng.gamma(2.0, 7.0, count))
    return pd.DataFrame(
        {
            "subject_id": truth["subject_id"],
            "scan_id": truth["scan_id"],
            "age": truth["age"].round(0).astype(int),
            "sex": truth["sex"],
            "height_cm": height.round(0),
            "weight_kg": weight.round(1),
            "smoking": smoking,
            "pack_years": pack_years.round(0),
            "site": rng.choice(["A", "B", "C"], count, p=[0.45, 0.35, 0.2]),
        }
    )


def _add_lung_function(
    table: pd.DataFrame, truth: pd.DataFrame, rng: np.random.Generator, noise: float
) -> None:
    """Append FVC, FEV1, TLC and DLCO, kept physiologically possible."""
    is_male = (table["sex"] == "M").to_numpy(dtype=bool)
    age = table["age"].to_numpy(dtype=np.float64)
    height_m = table["height_cm"].to_numpy(dtype=np.float64) / 100
    shared = rng.normal(size=len(table))  # A large chest is large in every volume.
    for column, (glass, fibrosis) in SLOPES.items():
        expected = expected_lung_function(column, is_male, age, height_m)
        lost = glass * _extents(truth, "ground_glass") + fibrosis * _extents(truth, "fibrosis")
        own = rng.normal(size=len(table))
        # 0.8^2 + 0.6^2 = 1 keeps the sd; two volumes correlate by 0.8^2 = 0.64.
        deviation = own if column == "DLCO" else 0.8 * shared + 0.6 * own
        value = expected * (1 - lost) + noise * _NOISE_SD[column] * deviation
        if column == "FEV1_L":
            value -= 0.008 * table["pack_years"].to_numpy(dtype=np.float64)
        table[column] = np.maximum(value, 0.2 * expected).round(_DECIMALS[column])
    table["FEV1_L"] = np.minimum(table["FEV1_L"], (0.95 * table["FVC_L"]).round(2))
    table["TLC_L"] = np.maximum(table["TLC_L"], (1.05 * table["FVC_L"]).round(2))


def _add_scores(
    table: pd.DataFrame, truth: pd.DataFrame, rng: np.random.Generator, noise: float
) -> None:
    """Append the reader's scores (0 to 5) and the Scadding stage."""
    for name in ("ground_glass", "fibrosis", "honeycombing"):
        seen = _extents(truth, name) * np.exp(noise * rng.normal(0, 0.35, len(table)))
        table[f"{name}_score"] = np.digitize(seen, _SCORE_EDGES)
    stages = [rng.choice(_SCADDING, p=_SCADDING_SHARES[str(group)]) for group in truth["group"]]
    table["scadding_stage"] = [str(stage) for stage in stages]


def _add_symptoms(
    table: pd.DataFrame, truth: pd.DataFrame, rng: np.random.Generator, noise: float
) -> None:
    """Append the six-minute walk (m) and the mMRC dyspnoea grade (0 to 4)."""
    burden = _extents(truth, "ground_glass") + 2 * _extents(truth, "fibrosis")
    age = table["age"].to_numpy(dtype=np.float64)
    walk = 640 - 2.2 * (age - 45) - 700 * burden + noise * rng.normal(0, 50, len(table))
    table["six_minute_walk_m"] = np.maximum(walk, 60).round(0)
    grade = 0.3 + 9 * burden + noise * rng.normal(0, 0.6, len(table))
    table["dyspnoea_mMRC"] = np.clip(np.round(grade), 0, 4).astype(int)


def _with_gaps(
    table: pd.DataFrame, rng: np.random.Generator, settings: ClinicalSettings
) -> pd.DataFrame:
    """Blank values at random and leave subjects out."""
    for column, rate in MISSING_RATES.items():
        gone = rng.uniform(size=len(table)) < rate * settings.missing
        table[column] = table[column].astype(np.float64).mask(gone)
    kept = np.ones(len(table), dtype=bool)
    kept[rng.permutation(len(table))[: settings.n_absent]] = False
    result: pd.DataFrame = table[kept].reset_index(drop=True)
    return result
