"""Compare clusters with the clinical table: what to adjust by, follow-up, reference values."""

from __future__ import annotations

import streamlit as st

from clam_core.pipeline.clinical.table_or_scores import has_scores
from clam_core.study.associations import Associations
from clam_core.tables.column_info import ColumnInfo
from clam_core.tables.recognised.image_columns import is_from_image
from pages.associations.choose_adjustment import choose_adjustment
from pages.associations.choose_equivalence import choose_equivalence
from pages.associations.choose_survival import (
    choose_rates,
    choose_survival,
    labels_of_columns,
)
from pages.associations.lung_function import show_reference_values, show_visits
from pages.shell.page_list import page_link
from pages.shell.place import Place
from pages.shell.start_job import start
from pages.shell.text import sentences

_LEVELS = ("binary", "nominal", "ordinal")
_CORRECTIONS = {
    "bh": "Benjamini-Hochberg: on average at most 5 % of the findings are false",
    "holm": "Holm: at most a 5 % chance of any false finding",
    "by": "Benjamini-Yekutieli: as the first, however the variables depend on each other",
}
_NUMBERS = {
    "both": "mean ± SD and median [quartiles]",
    "mean": "mean ± SD",
    "median": "median [quartiles]",
}
_REPEATED = {
    "one_row": "one scan per subject",
    "cluster_robust": "all scans, allowing for their dependence",
}


def show(here: Place, found: Associations | None = None) -> None:
    """The settings of a comparison and the button that starts it."""
    clinical = here.study.clinical()
    if clinical is None and has_scores(here.study):
        _offer_scores(here)
        return
    if clinical is None:
        st.info(
            "Whether clusters matter is answered with a clinical table: one row per subject or "
            "scan, with an id and columns such as FVC, DLCO, age, sex, site. Add it on the page "
            "Cohort."
        )
        page_link("cohort", "Add a clinical table")
        return
    columns = [ColumnInfo.from_json(one) for one in clinical[1]["columns"]]
    if found is None:
        st.info(
            f"The clinical table has {len(columns)} columns and has not been compared with the "
            "clusters of this run yet."
        )
    show_reference_values(here, columns)
    _show_settings(here, columns, found)
    show_visits(here)


def _offer_scores(here: Place) -> None:
    """Without a clinical table what readers have scored blind can be compared all the same."""
    st.info(
        "There is no clinical table, but readers have scored these scans: their scores can be "
        "compared with the clusters. A clinical table can be added later on the page Cohort."
    )
    with st.container(horizontal=True):
        if st.button("Compare the scores", type="primary", disabled=bool(here.stale)):
            with sentences():
                start(here.study.name, "associate", {"run": here.fitted.name})
    page_link("cohort", "Add a clinical table")


def _show_settings(here: Place, columns: list[ColumnInfo], found: Associations | None) -> None:
    known = found.about["settings"] if found is not None else {}
    usable = [info.name for info in columns if info.kind in {"continuous", "count", *_LEVELS}]
    labels = labels_of_columns(columns)
    later = {**choose_survival(here, columns, known), **choose_rates(columns, known)}
    with st.form("associate", border=False):
        st.markdown("**Compare every variable between the clusters**")
        adjustment = choose_adjustment(columns, {name: labels[name] for name in usable}, known)
        from_image = [one.name for one in columns if is_from_image(one) and one.name in usable]
        described = {*known.get("used_in_clustering", []), *from_image}
        described -= set(known.get("other_images", []))
        used = st.multiselect(
            "Made from the same images (described, not tested)", usable,
            [name for name in usable if name in described],
            format_func=labels.__getitem__,
            help="Volumes, densities or scores that a program read out of these scans: the "
            "clusters were made from the same voxels, so a test would find what was put in. "
            "Columns whose names say so are chosen already; take out those of other scans.",
        )  # fmt: skip
        sites = [info.name for info in columns if info.kind in _LEVELS]
        within = st.selectbox(
            "Also compare within the same", sites,
            sites.index(known["within"]) if known.get("within") in sites else None,
            format_func=labels.__getitem__, placeholder="Site or scanner, as far as known",
            help="Every variable is tested again, subjects only against those of the same site.",
        )  # fmt: skip
        left, right = st.columns(2)
        correction = left.selectbox(
            "Correction for the number of tests", list(_CORRECTIONS),
            list(_CORRECTIONS).index(known.get("correction", "bh")),
            format_func=_CORRECTIONS.__getitem__,
        )  # fmt: skip
        repeated = right.selectbox(
            "Subjects with several scans", list(_REPEATED),
            list(_REPEATED).index(known.get("repeated", "one_row")),
            format_func=_REPEATED.__getitem__,
        )  # fmt: skip
        numbers = st.selectbox(
            "Numbers of Table 1", list(_NUMBERS),
            list(_NUMBERS).index(known.get("table_numbers", "both")),
            format_func=_NUMBERS.__getitem__,
        )  # fmt: skip
        alike = choose_equivalence(columns, labels, known)
        asked = st.form_submit_button("Compare", type="primary", disabled=bool(here.stale))
    if asked:
        arguments = {
            "run": here.fitted.name, "used_in_clustering": used,
            "other_images": [name for name in from_image if name not in used],
            "correction": correction, "repeated": repeated, "within": within,
            "table_numbers": numbers, **adjustment, **alike, **later,
        }  # fmt: skip
        with sentences():
            start(here.study.name, "associate", arguments)
