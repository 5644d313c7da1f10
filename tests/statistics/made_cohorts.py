"""Clusters and clinical tables whose truth is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from clam_core.phantom import make_clinical_table
from clam_core.tables.column_info import ColumnInfo

GROUPS = ("minimal", "ground_glass", "fibrosis")

KINDS = {
    "age": ("continuous", "demographics"),
    "sex": ("binary", "demographics"),
    "height_cm": ("continuous", "demographics"),
    "weight_kg": ("continuous", "demographics"),
    "smoking": ("nominal", "demographics"),
    "pack_years": ("count", "demographics"),
    "site": ("nominal", "acquisition"),
    "FVC_L": ("continuous", "lung function"),
    "FEV1_L": ("continuous", "lung function"),
    "TLC_L": ("continuous", "lung function"),
    "DLCO": ("continuous", "lung function"),
    "ground_glass_score": ("ordinal", "visual scores"),
    "fibrosis_score": ("ordinal", "visual scores"),
    "honeycombing_score": ("ordinal", "visual scores"),
    "scadding_stage": ("nominal", "visual scores"),
    "six_minute_walk_m": ("continuous", "symptoms and outcomes"),
    "dyspnoea_mMRC": ("ordinal", "symptoms and outcomes"),
    "shoe_size": ("continuous", "other"),
}


def describe(kinds: dict[str, tuple[str, str]]) -> list[ColumnInfo]:
    return [ColumnInfo(name, name, kind, family=family) for name, (kind, family) in kinds.items()]


def typed(frame: pd.DataFrame, kinds: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Columns as `io.kinds.typed_frame` makes them."""
    made = {}
    for name, (kind, _) in kinds.items():
        column = frame[name]
        if kind in {"ordinal", "nominal", "binary"}:
            levels = sorted(column.dropna().unique())
            text = {level: str(level).removesuffix(".0") for level in levels}
            made[name] = pd.Categorical(
                column.map(text), categories=list(text.values()), ordered=kind == "ordinal"
            )
        elif kind in {"continuous", "count"}:
            made[name] = column.to_numpy(dtype=float)
        else:
            made[name] = column.to_numpy()
    return pd.DataFrame(made, index=frame.index)


def demo(
    n_subjects: int = 90, seed: int = 0
) -> tuple[pd.DataFrame, pd.DataFrame, list[ColumnInfo]]:
    """True groups as clusters, and the demo cohort's clinical table."""
    rng = np.random.default_rng(seed)
    truths = []
    for row in range(n_subjects):
        which = GROUPS[row % 3]
        truths.append(
            {
                "scan_id": f"SARC-{row:03d}",
                "subject_id": f"SUBJ-{row:03d}",
                "group": which,
                "sex": "M" if rng.uniform() < 0.5 else "F",
                "age": float(rng.normal(50, 9)),
                "height_cm": float(rng.uniform(155, 190)),
                "fat_mm": float(rng.uniform(6, 20)),
                "ground_glass_extent": rng.uniform(0.05, 0.2) if which == "ground_glass" else 0.0,
                "fibrosis_extent": rng.uniform(0.05, 0.18) if which == "fibrosis" else 0.0,
                "honeycombing_extent": rng.uniform(0.02, 0.09) if which == "fibrosis" else 0.0,
            }
        )
    table = make_clinical_table(truths, seed).set_index("subject_id")
    labels = np.arange(n_subjects) % 3 + 1
    return clusters_of(labels, rng), typed(table, KINDS), describe(KINDS)


def clusters_of(
    labels: np.ndarray, rng: np.random.Generator | None = None, prefix: str = "SUBJ"
) -> pd.DataFrame:
    """A table of clusters with a soft assignment that leans to each scan's own cluster."""
    rng = rng or np.random.default_rng(0)
    k = int(labels.max())
    soft = rng.dirichlet(np.full(k, 0.5), len(labels))
    soft[np.arange(len(labels)), labels - 1] += 2
    soft /= soft.sum(axis=1, keepdims=True)
    columns = {f"q_{number + 1}": soft[:, number] for number in range(k)}
    return pd.DataFrame(
        {
            "subject_id": [f"{prefix}-{row:03d}" for row in range(len(labels))],
            "cluster": labels,
            "confidence": soft.max(axis=1),
            **columns,
        },
        index=pd.Index([f"SARC-{row:03d}" for row in range(len(labels))], name="scan_id"),
    )
