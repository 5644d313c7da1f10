"""Table 1: who is in which cluster."""

from __future__ import annotations

import pandas as pd

from clam_core.report.html import Figures, Html, bullets, join, paragraph, table
from clam_core.report.material import Material
from clam_core.report.phrases import DOUBTED


def missing(material: Material) -> str:
    """Why there is no Table 1."""
    if material.columns is None:
        return "There is no clinical table; import one with the step 'clinical'."
    if material.associations is None:
        return "The step 'associate' has not been run: clusters and clinical table were not joined."
    return ""


def write(material: Material, figures: Figures) -> Html:  # noqa: ARG001
    """The table as it is printed in a paper."""
    if material.associations is None:
        return paragraph(missing(material), class_="missing")
    stored = material.associations.table("table_one")
    words = (
        "Numbers: mean ± standard deviation and median [quartiles]. Levels: count (percent of "
        "known values). Missing: count (percent of all)."
    )
    doubts = [str(one) for one in material.associations.about["doubts"]]
    shown = table(_shown(stored), f"Table 1. Subjects by cluster. {words}", n_labels=2)
    return join([shown, *([paragraph(DOUBTED), bullets(doubts)] if doubts else [])])


def _shown(found: pd.DataFrame) -> pd.DataFrame:
    """A variable is named once, clusters are called so."""
    labels = found["label"].where(found["variable"] != found["variable"].shift(), "")
    shown = pd.DataFrame({"Variable": labels, "": found["statistic"], "All": found["overall"]})
    for name in found.columns:
        if str(name).startswith("cluster_"):
            shown[f"Cluster {str(name).removeprefix('cluster_')}"] = found[name]
    return shown
