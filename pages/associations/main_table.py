"""What the Associations page shows first: warnings, and the table with a row per variable."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from clam_core.export.formulas import neutralise_frame
from clam_core.figures.chart_text import p_cell, without_empty
from clam_core.report.phrases import DOUBTED, number, titled
from clam_core.settings.verdicts import DOUBTFUL
from clam_core.study import Run, Study
from clam_core.study.associations import (
    Associations,
    has_associations,
    read_associations,
    why_old,
)
from pages.associations.sentences import INTERVALS, Row, effect_cell
from pages.shell.place import Place
from pages.shell.text import plain

PLAIN = {"displaylogo": False, "modeBarButtonsToRemove": ["toImage"]}
"""Figures are saved by the buttons below them, as SVG and PDF, and not by their camera."""

_FILTERS = ("All", "Different", "Not shown to differ", "Not tested")
_LEVEL = 0.05
_CLUSTER = re.compile(r"Cluster \d+")
_LETTER, _MARGIN, _WIDEST = 6, 24, 380
"""Pixels of a letter of the table, of the space beside a text, and of the widest column."""


def stored(run: Run) -> Associations | None:
    """What the step `associate` found; None where it has not been run."""
    if not has_associations(run):
        return None
    changed = (run.folder / "associations.parquet").stat().st_mtime_ns
    return _read(str(run.study.folder), run.name, changed)


@st.cache_data(max_entries=8, show_spinner=False)
def _read(study: str, run: str, changed: int) -> Associations:  # noqa: ARG001
    return read_associations(Run(Study(Path(study)), run))


def show_warnings(here: Place, found: Associations) -> None:
    """What a reader must know before the first number."""
    about = found.about
    old = why_old(here.fitted, found)
    if old:
        st.warning(f"{old} Compare again at the end of this page.")
    if about["banner"]:
        st.warning(plain(about["banner"]))
    shaky = [
        number
        for number, value in enumerate(about["stability"]["jaccard_of"], start=1)
        if value is not None and value < DOUBTFUL
    ]
    if shaky:
        names = ", ".join(map(str, shaky))
        st.warning(
            f"Cluster {names} is hardly found again in resampled cohorts (Jaccard below "
            f"{DOUBTFUL:g}): do not interpret its differences."
        )
    if about["doubts"]:
        listed = "\n".join(f"- {plain(one)}" for one in about["doubts"])
        st.warning(f"{DOUBTED}\n{listed}\n\nCodes are declared missing on the page Cohort.")
    sizes = zip(about["clusters"], about["sizes"], strict=True)
    listed = ", ".join(f"cluster {number}: {size}" for number, size in sizes)
    who = "subjects" if about["settings"]["repeated"] == "one_row" else "scans"
    st.caption(
        f"{sum(about['sizes'])} {who} are in the clusters ({listed}). {about['n_tests']} tests, "
        "each of those with a value."
    )


def show_table(found: Associations) -> str | None:
    """The table; the name of the variable whose row is chosen, or that the address names."""
    choice = st.segmented_control("Variables", _FILTERS, default="All", required=True)
    rows = _chosen(found.rows, str(choice)).reset_index(drop=True)
    if rows.empty:
        st.info("No variable is like that.")
        return None
    st.caption("Choose a row to see its plot, the scans behind it, and every pair of clusters.")
    shown = for_reading(rows, found.about["clusters"])
    event = st.dataframe(
        neutralise_frame(_without_empty(shown)),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key=f"association_rows_{choice}",
        column_config=_columns(shown),
        alt="Table of all variables: values in each cluster, effect, test and p-values.",
    )
    picked = event["selection"]["rows"]
    if picked and picked[0] < len(rows):
        st.query_params["variable"] = str(rows.loc[picked[0], "variable"])
    wanted = st.query_params.get("variable")
    return wanted if wanted in set(found.rows["variable"]) else None


def _chosen(rows: pd.DataFrame, choice: str) -> pd.DataFrame:
    tested, different = rows["p_value"].notna(), rows["p_adjusted"] < _LEVEL
    order = rows.sort_values(["p_adjusted", "p_value"], kind="stable", na_position="last")
    kept = {
        "All": tested | ~tested,
        "Different": different,
        "Not shown to differ": tested & ~different,
        "Not tested": ~tested,
    }
    return order[kept[choice][order.index]]


def for_reading(rows: pd.DataFrame, clusters: list[int]) -> pd.DataFrame:
    """The table in the words of its readers."""
    shown = pd.DataFrame({"Variable": [title_of(row) for row in rows.to_dict("records")]})
    shown["n"] = rows["n"].to_numpy()
    missing = zip(*(rows[f"missing_cluster_{cluster}"] for cluster in clusters), strict=True)
    shown["Missing"] = [" / ".join(map(str, each)) for each in missing]
    for cluster in clusters:
        shown[f"Cluster {cluster}"] = [
            without_empty(text) for text in rows[f"summary_cluster_{cluster}"]
        ]
    shown["Effect [interval]"] = [_effect(row) for row in rows.to_dict("records")]
    shown["p"] = rows["p_value"].map(p_cell).to_numpy()
    shown["Corrected p"] = rows["p_adjusted"].map(p_cell).to_numpy()
    shown["Corrected over all"] = rows["p_adjusted_all"].map(p_cell).to_numpy()
    shown["Test"] = rows["test"].to_numpy()
    shown["Statistic"] = [_statistic(row) for row in rows.to_dict("records")]
    shown["Family"] = rows["family"].to_numpy()
    if "doubts" in rows:
        shown["Doubts"] = rows["doubts"].to_numpy()
    shown["Why this test, or why none"] = rows["why"].where(rows["reason"] == "", rows["reason"])
    return shown


def _without_empty(shown: pd.DataFrame) -> pd.DataFrame:
    """The columns that say something about any of the rows."""
    return shown[[name for name in shown.columns if shown[name].astype(str).any()]]


def labels_of(found: Associations) -> dict[str, str]:
    """Name of each variable as it is shown, with its unit."""
    return {str(row["variable"]): title_of(row) for row in found.rows.to_dict("records")}


def title_of(row: Row) -> str:
    """Name of a variable with its unit."""
    return titled(str(row["label"]), str(row["unit"] or ""))


def _effect(row: Row) -> str:
    if pd.isna(row["effect_size"]):
        return ""
    first = effect_cell(row["effect_name"], row["effect_size"], row["ci_low"], row["ci_high"])
    if row["effect_name"] != "mean_difference" or pd.isna(row.get("second_effect")):
        return first
    second = (row[one] for one in ("second_effect", "second_low", "second_high"))
    return f"{first}; {effect_cell(row['second_effect_name'], *second)}"


def _statistic(row: Row) -> str:
    if pd.isna(row["statistic"]):
        return ""
    parts = [f"{row[name]:.4g}" for name in ("df", "df_residual") if not pd.isna(row[name])]
    return number(row["statistic"]) + (f" (df {', '.join(parts)})" if parts else "")


def _width(texts: pd.Series[str]) -> int:
    """Pixels of a column in which no cell is cut off, as far as that is readable."""
    return min(_WIDEST, _MARGIN + _LETTER * int(texts.astype(str).str.len().max()))


def _columns(shown: pd.DataFrame) -> dict[str, ColumnConfig]:
    clusters = [name for name in shown.columns if _CLUSTER.fullmatch(name)]
    return {
        "Variable": st.column_config.TextColumn(pinned=True),
        "n": st.column_config.NumberColumn(width=50),
        "Missing": st.column_config.TextColumn(width=80, help="In each cluster, in their order."),
        "Corrected p": st.column_config.TextColumn(
            help="Corrected for the number of tests within the family."
        ),
        "Corrected over all": st.column_config.TextColumn(
            help="Corrected for the number of tests in all families together."
        ),
        "Doubts": st.column_config.TextColumn(width="large"),
        **{name: st.column_config.TextColumn(width=_width(shown[name])) for name in clusters},
        "Effect [interval]": st.column_config.TextColumn(
            width=_width(shown["Effect [interval]"]), help=INTERVALS
        ),
        "Why this test, or why none": st.column_config.TextColumn(width="large"),
    }
