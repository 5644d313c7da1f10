"""The other views of the associations: effects, adjustment, pairs, confounding, limits, files."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from clam_core.figures.associations import forest_plot, volcano
from clam_core.pipeline.output.export_figures import figures_archive
from clam_core.pipeline.output.export_tables import association_files
from clam_core.report.drawings import draw_effects, draw_evidence
from clam_core.report.tables.equivalence_table import equivalence_table
from clam_core.report.tables.table_one_shown import table_one_shown, table_one_words
from clam_core.settings.verdicts import stability_word
from clam_core.statistics.effects.one_scale import strengths
from clam_core.statistics.headline import uncapitalized
from clam_core.study.associations import Associations
from pages.associations.adjusted import show_adjusted
from pages.associations.follow_up import show_follow_up
from pages.associations.main_table import PLAIN, labels_of
from pages.associations.readers import show_readers
from pages.associations.replication import show_replication
from pages.associations.save_figure import save_buttons
from pages.associations.sentences import (
    pair_table,
    panel_table,
    within_table,
)
from pages.shared.tables import table
from pages.shell.place import Place, download_stem
from pages.shell.text import plain

_MIME = {
    "csv": "text/csv",
    "tex": "text/x-tex",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def show_forest(here: Place, found: Associations) -> None:
    """Effects of all variables with intervals, by family."""
    effects = strengths(found.rows)
    if effects.empty:
        st.info("No variable could be tested; the table below says why for each.")
        return
    signed = len(found.about["clusters"]) == 2
    plot = forest_plot(effects, signed=signed)
    _draw(plot.figure, plot.sentence, "forest")
    save_buttons(here, "effects", lambda: draw_effects(found))
    st.caption(
        "All kinds of effects are put on the scale of a correlation: shares of variance as their "
        "root, Cramér's V and rank-biserial correlations as they are, Hedges' g and odds ratios "
        "converted. The table below has each in its own scale."
        + (" Levels without an order have no direction and lie on the right." if signed else "")
        + _why_fewer(found.rows)
    )


def _why_fewer(rows: pd.DataFrame) -> str:
    """Why the headline speaks of fewer variables than the picture shows."""
    tested = rows[rows["p_value"].notna()]
    if "not_counted" not in tested or not (tested["not_counted"] != "").any():
        return ""
    return (
        f" The headline counts {(tested['not_counted'] == '').sum()} of them: every measurement "
        "once, without covariates and without what says how a scan was made; 'Trust and limits' "
        "names the others."
    )


def show_volcano(here: Place, found: Associations) -> None:
    """Effect against evidence."""
    plot = volcano(strengths(found.rows))
    _draw(plot.figure, plot.sentence, "volcano")
    save_buttons(here, "evidence", lambda: draw_evidence(found))


def _draw(figure: object, sentence: str, key: str) -> None:
    st.plotly_chart(figure, config=PLAIN, alt=sentence, key=key)
    st.caption(plain(sentence))


def show_pairs(here: Place, found: Associations) -> None:  # noqa: ARG001
    """Every pair of clusters for every variable."""
    pairs = pair_table(found.table("pairs"), labels_of(found))
    if pairs.empty:
        st.info("There are no pairs to compare.")
        return
    st.caption(
        "A positive difference means more in the first cluster of the pair. Games-Howell for "
        "numbers, Dunn with Holm for ordered values, tables for levels. Intervals of differences "
        "hold for all pairs of a variable together, those of effects for one pair."
    )
    table(pairs, "Differences of every variable between pairs.", hide_index=True)
    shown = equivalence_table(found)
    if shown is not None:
        st.markdown("**Are they alike?**")
        table(shown.frame, "Equivalence of every pair of clusters.", hide_index=True)
        st.caption(plain(shown.caption))


def show_confounding(here: Place, found: Associations) -> None:  # noqa: ARG001
    """Whether the clusters follow the site, the scanner, or who the subjects are."""
    panel = found.table("confounding")
    if panel.empty:
        st.info(
            "Neither the clinical table nor the headers of the scans name a site, a scanner, age, "
            "sex or smoking, so nothing can be said about confounding."
        )
        return
    limit = found.about["settings"]["banner_from"]
    st.caption(
        "Strength of the link between clusters and what is not the disease: 0 none, 1 the same "
        f"thing. It is called strong where p is below 0.05 and the interval reaches {limit:g}; "
        "it is then named in the warning above."
    )
    table(panel_table(panel), "Possible confounders of the clusters.", hide_index=True)
    _show_within(found)


def _show_within(found: Associations) -> None:
    """The tests again, within sites."""
    within = found.table("within")
    if within.empty:
        return
    site = uncapitalized(str(within["within"].iloc[0]))
    st.markdown(f"**Compared only within the same {plain(site)}**")
    st.caption(
        plain(
            f"Subjects are compared only with subjects of the same {site}, so that no difference "
            f"between clusters can come from it. Left out: values of a {site} with one cluster "
            "only. Less data are compared, so a larger p is no proof that the "
            f"{site} explains a difference."
        )
    )
    table(within_table(found.rows, within), "Tests within sites.", hide_index=True)


def show_table_one(here: Place, found: Associations) -> None:  # noqa: ARG001
    """Table 1 by cluster."""
    shown = table_one_shown(found).rename(columns={"": "Statistic"})
    st.caption("All subjects that were compared, overall and by cluster; missing values counted.")
    st.caption(plain(table_one_words(found)))
    for doubt in found.about["doubts"]:
        st.caption(plain(doubt))
    table(shown, "Table 1: every variable by cluster.", hide_index=True, height=600)


def show_limits(here: Place, found: Associations) -> None:  # noqa: ARG001
    """How far the answer can be trusted, in sentences."""
    about = found.about
    stability = about["stability"]
    st.markdown("**Are the clusters found again?**")
    found_again = pd.DataFrame(
        {
            "Cluster": range(1, len(stability["jaccard_of"]) + 1),
            "Jaccard": ["–" if v is None else f"{v:.2f}" for v in stability["jaccard_of"]],
            "In words": [stability_word(value) for value in stability["jaccard_of"]],
        }
    )
    table(found_again, "Stability of each cluster.", hide_index=True, width="content")
    agreement = stability["seeds_ari"]
    method = {"kmeans": "k-means", "gmm": "Gaussian mixture"}.get(
        stability["method"], stability["method"]
    )
    shown = "not known" if agreement is None else f"{agreement:.2f}"
    st.caption(
        f"Clustered again in 50 resampled cohorts ({method}, {stability['n_scans']} scans). "
        f"Agreement of different starts (adjusted Rand index, 1 is the same): {shown}."
    )
    st.markdown("**What was done, and what it cannot say**")
    st.markdown("\n".join(f"- {plain(note)}" for note in about["notes"]))
    libraries = ", ".join(f"{name} {version}" for name, version in about["libraries"].items())
    st.caption(
        f"CLAM Explorer {about['version']}, {libraries}; seed {about['settings']['seed']}; "
        f"digest of the inputs {about['inputs'][:16]}."
    )


def show_files(here: Place, found: Associations) -> None:
    """Everything as files for other programs."""
    st.caption(
        "The results as CSV and Excel, Table 1 as CSV, LaTeX and Word. Cells that a spreadsheet "
        "would run as formulas are made harmless."
    )
    files = association_files(found)
    for column, (name, content) in zip(st.columns(len(files)), files.items(), strict=True):
        mime = _MIME[name.rsplit(".", 1)[-1]]
        own = f"{download_stem(here, '_')}_{name}"
        column.download_button(name, content, own, mime, on_click="ignore", width="stretch")
    st.download_button(
        "All figures as SVG and PDF (ZIP)",
        data=lambda: figures_archive(found),
        file_name=f"{download_stem(here, '_')}_figures.zip",
        mime="application/zip",
        on_click="ignore",
    )
    st.caption(
        "Drawn when you press the button; a figure takes about a third of a second. Texts are "
        "embedded in the PDFs, and stay editable in the SVGs; captions lie beside them."
    )


VIEWS: dict[str, Callable[[Place, Associations], None]] = {
    "Effects": show_forest,
    "Effect and evidence": show_volcano,
    "Adjusted": show_adjusted,
    "Pairs": show_pairs,
    "Confounding": show_confounding,
    "Follow-up": show_follow_up,
    "Readers": show_readers,
    "Replication": show_replication,
    "Table 1": show_table_one,
    "Trust and limits": show_limits,
    "Files": show_files,
}
"""The views by the names on their buttons."""
