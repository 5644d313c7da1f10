"""Associations: what differs between the clusters, by how much, and how far to trust it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from clam_core.report.drawings import draw_effects, draw_evidence
from clam_core.report.html import Figures, Html, bullets, join, paragraph, paragraphs, table, tag
from clam_core.report.material import Material
from clam_core.report.phrases import interval, listed, number, p_value, percent, sentence, titled
from clam_core.report.sections.effects import effect_name, pairs_table
from clam_core.report.sections.follow_up import write_follow_up
from clam_core.report.sections.replication import write_replication
from clam_core.report.sections.table_one import missing
from clam_core.report.sections.variables import plots
from clam_core.report.sections.within import write_within
from clam_core.report.tables.adjusted_tables import adjusted_tables
from clam_core.report.tables.equivalence_table import equivalence_table
from clam_core.statistics.headline import uncapitalized
from clam_core.study.associations import Associations
from clam_core.wording import effect_ends, effect_number

__all__ = ["missing", "write"]

NBSP = "\u00a0"
INTERVALS = (
    "Intervals hold 95 %; those of shares of variance and of V 90 %, since they cannot lie below 0 "
    "and their test looks at one side, so that interval and test agree."
)


def write(material: Material, figures: Figures) -> Html:
    """The answer first, then effects, all rows, plots, confounding, follow-up."""
    associations = material.associations
    if associations is None:
        return paragraph(missing(material), class_="missing")
    about = associations.about
    old = material.why_associations_are_old
    stale = f"{old} Run the step 'associate' again." if old else ""
    parts = [
        paragraph(stale, class_="banner") if stale else None,
        paragraph(str(about["banner"]), class_="banner") if about.get("banner") else None,
        paragraph(sentence(str(about["headline"])), class_="answer"),
        paragraph(" ".join(map(str, about["qualifications"]))) if about["qualifications"] else None,
        bullets(sentence(str(note)) for note in about["notes"]),
        _drawn(associations, figures),
        _all_rows(associations),
        plots(material, figures),
        pairs_table(associations),
        _adjusted(associations),
        _alike(associations),
        _confounding(associations.table("confounding")),
        write_within(associations),
        write_follow_up(associations, figures),
        write_replication(material.run),
    ]
    return join(parts)


def _drawn(found: Associations, figures: Figures) -> Html:
    """All variables in two pictures."""
    effects, evidence = draw_effects(found), draw_evidence(found)
    if effects is None or evidence is None:
        return paragraph("No variable could be tested, so there is no effect to show.")
    return join(figures.add(one.caption, one.picture) for one in (effects, evidence))


def _all_rows(found: Associations) -> Html:
    rows = found.rows
    tested = rows[rows["p_value"].notna()].sort_values(["family", "p_value"], kind="stable")
    parts = [tag("h3", "All variables")]
    if len(tested):
        shown = [
            {
                "Variable": titled(str(row["label"]), str(row["unit"] or "")),
                "Family": row["family"],
                "n (missing)": f"{row['n']} ({row['n_missing']})",
                "Effect": effect_name(row["effect_name"]),
                "Size (interval)": _size(row),
                "Test": row["test"],
                "p": p_value(row["p_value"]),
                "p corrected": p_value(row["p_adjusted"]),
                "p with soft assignment": p_value(row["soft_p_value"]),
                "p with drawn clusters": p_value(row.get("drawn_p_value", float("nan"))),
                "Detectable": _detectable(row),
                "Doubts": str(row.get("doubts") or ""),
            }
            for row in tested.to_dict("records")
        ]
        power = round(100 * found.about["settings"]["power"])
        caption = (
            "Every variable that was tested; p corrected for the number of tests within its "
            f"family. {INTERVALS} Soft assignment: the same question asked of the probabilities "
            "instead of the clusters. Detectable: "
            f"smallest effect that this number of subjects shows with a power of {power} %."
        )
        frame = pd.DataFrame(shown)
        if not found.about["settings"].get("label_draws"):
            frame = frame.drop(columns="p with drawn clusters")
        frame = frame if frame["Doubts"].any() else frame.drop(columns="Doubts")
        parts.append(table(frame, caption, by="Family"))
    rest = rows[rows["p_value"].isna()]
    if len(rest):
        reasons = [
            {
                "Variable": titled(str(row["label"]), str(row["unit"] or "")),
                "Reason": sentence(str(row["reason"])),
            }
            for row in rest.to_dict("records")
        ]
        parts.append(table(pd.DataFrame(reasons), "Variables without a test, and why."))
    return join(parts)


def _detectable(row: dict[object, object]) -> str:
    """Smallest effect that would be seen, with its name where it is of another kind."""
    name = str(row["detectable_name"])
    text = number(float(str(row["detectable"])))
    return text if name in {"", str(row["effect_name"])} else f"{text} ({effect_name(name)})"


def _size(row: Mapping[Any, Any]) -> str:
    """Size with its interval; of a difference of means also in standard deviations."""
    first = _written(row, ("effect_name", "effect_size", "ci_low", "ci_high"))
    if row["effect_name"] != "mean_difference" or pd.isna(row["second_effect"]):
        return first
    names = ("second_effect_name", "second_effect", "second_low", "second_high")
    return f"{first}; {effect_name(row['second_effect_name'])} {_written(row, names)}"


def _written(row: Mapping[Any, Any], names: tuple[str, str, str, str]) -> str:
    name, *numbers = (row[one] for one in names)
    size, low, high = (float(str(one)) for one in numbers)
    ends = effect_ends(name, low, high).partition("interval ")[2] or "–"
    return f"{effect_number(name, size)} ({ends.replace(' ', NBSP)})"


def _adjusted(found: Associations) -> Html:
    adjust = found.about["settings"]["adjust"]
    names = [uncapitalized(found.label(name)) for name in adjust]
    rows = found.rows[found.rows["adjusted_p_value"].notna()]
    if not adjust or rows.empty:
        return Html("")
    shown = [
        {
            "Variable": titled(str(row["label"]), str(row["unit"] or "")),
            "Family": row["family"],
            "n": str(int(row["n_adjusted"])),
            "Crude effect (interval)": _effect(row, "crude"),
            "Adjusted effect (interval)": _effect(row, "adjusted"),
            "p adjusted": p_value(row["adjusted_p_value"]),
            "and corrected": p_value(row["adjusted_p_adjusted"]),
            "Model": row["adjusted_test"],
        }
        for row in rows.sort_values(["family", "adjusted_p_value"]).to_dict("records")
    ]
    effects = listed(sorted({effect_name(name) for name in rows["adjusted_effect_name"]}))
    caption = (
        f"Crude and adjusted effects ({effects}) in the same rows, those without a missing value; "
        f"corrected for the number of tests within the family. {INTERVALS}"
    )
    return join(
        [
            tag("h3", f"Adjusted for {listed(names)}"),
            table(pd.DataFrame(shown), caption, by="Family"),
            *(
                table(one.frame, f"{one.heading}. {one.caption}", n_labels=2)
                for one in adjusted_tables(found)
            ),
        ]
    )


def _effect(row: Mapping[Any, Any], which: str) -> str:
    names = ("adjusted_effect_name", f"{which}_effect", f"{which}_low", f"{which}_high")
    return _written(row, names)


def _alike(found: Associations) -> Html:
    shown = equivalence_table(found)
    if shown is None:
        return Html("")
    caption = f"{shown.heading}. {shown.caption}"
    return join([tag("h3", "Alike clusters"), table(shown.frame, caption, n_labels=2)])


def _confounding(panel: pd.DataFrame) -> Html:
    heading = tag("h3", "What else goes with the clusters")
    if panel.empty:
        return join([heading, paragraph("Nothing is known of site, scanner, age or sex.")])
    shown = [
        {
            "Variable": row["label"],
            "Family": row["family"],
            "Strength (90 % interval)": f"{number(row['strength'])} "
            f"({interval(row['ci_low'], row['ci_high'])})",
            "Largest difference": number(row["largest_difference"]),
            "between clusters": row["difference_between"] or "–",
            "p": p_value(row["p_value"]),
            "Remark": "Goes with the clusters."
            if row["flagged"]
            else sentence(str(row["reason"] or "")),
        }
        for row in panel.to_dict("records")
    ]
    frame = pd.DataFrame(shown)
    frame = frame if frame["Remark"].any() else frame.drop(columns="Remark")
    n_flagged = int(panel["flagged"].sum())
    share = percent(n_flagged / len(panel))
    words = [
        "Strength: bias-corrected Cramér's V of levels, correlation ratio of numbers, both 0 to 1. "
        "Largest difference: standardised, between two clusters.",
        f"{n_flagged} of {len(panel)} ({share}) go with the clusters." if n_flagged else "",
    ]
    caption = "How the scans were made and who the subjects are, compared between the clusters."
    return join([heading, table(frame, caption), paragraphs(words)])
