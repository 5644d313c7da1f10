"""Plots of single variables by cluster."""

from __future__ import annotations

from clam_core.figures.associations import LEVEL
from clam_core.report.drawings import draw_variable
from clam_core.report.html import Figures, Html, join, paragraph, tag
from clam_core.report.material import Material
from clam_core.wording import plural


def plots(material: Material, figures: Figures) -> Html:
    """A plot per variable that differs; where none does, of those with the smallest p."""
    associations = material.associations
    if associations is None or material.settings.n_plots == 0:
        return Html("")
    tested = associations.rows[associations.rows["p_value"].notna()].sort_values(
        "p_adjusted", kind="stable"
    )
    differ = tested[tested["p_adjusted"] < LEVEL]
    chosen = (differ if len(differ) else tested).head(material.settings.n_plots)
    if chosen.empty:
        return Html("")
    drawn = [draw_variable(associations, str(name)) for name in chosen["variable"]]
    pictures = [figures.add(one.caption, one.picture) for one in drawn if one is not None]
    words = (
        f"Drawn: {plural(len(chosen), 'variable')} with the smallest corrected p-values, of "
        f"{len(differ)} that differ after correction."
        if len(differ)
        else f"No variable differs after correction. Drawn: the {len(chosen)} with the smallest "
        "p-values."
    )
    parts = [tag("h3", "Variable by variable"), paragraph(words)]
    return join([*parts, tag("div", *pictures, class_="grid")])
