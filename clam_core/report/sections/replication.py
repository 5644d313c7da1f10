"""Replication: the same clusters in a second cohort."""

from __future__ import annotations

from clam_core.report.html import Html, join, paragraph, paragraphs, table, tag
from clam_core.report.tables.replication_table import replication_table, replication_words
from clam_core.study import Run
from clam_core.study.associations import inputs_digest, read_replication


def write_replication(run: Run) -> Html:
    """Agreement of the clusters and effects in both cohorts; nothing where it was not done."""
    found = read_replication(run)
    if found is None:
        return Html("")
    parts = [tag("h3", "Replication in a second cohort")]
    if found.about["inputs"] != inputs_digest(run):
        parts.append(paragraph("The clinical table has changed since; repeat it."))
    parts.append(paragraphs([*replication_words(found), *found.about["notes"]]))
    shown = replication_table(found)
    if shown is not None:
        parts.append(table(shown.frame, shown.caption))
    return join(parts)
