"""Table 1: who is in which cluster."""

from __future__ import annotations

from clam_core.report.html import Figures, Html, bullets, join, paragraph, table
from clam_core.report.material import Material
from clam_core.report.phrases import DOUBTED
from clam_core.report.tables.table_one_shown import table_one_shown, table_one_words


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
    associations = material.associations
    words = table_one_words(associations)
    doubts = [str(one) for one in associations.about["doubts"]]
    rows = table_one_shown(associations)
    shown = table(rows, f"Table 1. Subjects by cluster. {words}", n_labels=2)
    return join([shown, *([paragraph(DOUBTED), bullets(doubts)] if doubts else [])])
