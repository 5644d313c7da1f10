"""The selected scans: how many, which clusters, how they differ from the rest, as a table."""

from __future__ import annotations

import io

import pandas as pd
import streamlit as st

from clam_core.export.formulas import neutralise_frame
from clam_core.tables.column_info import doubt_words
from pages.explore import address as looked
from pages.explore.cohort_map import MAP_PART, SELECTION_PART
from pages.explore.cohort_map_data import Mapped, mapped
from pages.explore.filter_scans import ask_filter
from pages.explore.kept_selections import choose_kept, offer_keeping
from pages.explore.scan_list import show_list
from pages.shared.tables import table
from pages.shell.place import Place, download_stem
from pages.shell.text import plain, sentences

_NAME = "selection-name"


@st.fragment(key=SELECTION_PART)
def show_selection(here: Place) -> None:
    """What is selected in the map, or how to select."""
    with sentences():
        found, chosen = mapped(here), looked.selected(here)
        wanted = ask_filter(here)
        kept = choose_kept(here)
        if wanted is not None or kept is not None:
            looked.select(here, kept[1] if kept else wanted)
            looked.redraw(here)
            if kept:
                st.session_state[_NAME] = kept[0]
            st.rerun(scope="app")
        show_list(here, found, chosen)
        if chosen is None:
            st.markdown(
                "**Nothing selected.** To compare scans with the rest, choose the frame or the "
                "lasso in the upper right corner of the map and draw around them. With the arrows "
                "chosen, you move the map and open scans."
            )
        else:
            _show_chosen(here, found, chosen)
        with st.container(horizontal=True):
            st.download_button(
                "All scans for Embedding Atlas",
                data=lambda: atlas_file(found),
                file_name=f"{download_stem(here, '-')}-map.parquet",
                mime="application/vnd.apache.parquet",
                on_click="ignore",
                type="tertiary",
                help="A Parquet file with scan_id, x, y, cluster and confidence, for maps of very "
                "many points: embedding-atlas FILE --x x --y y",
            )


def _show_chosen(here: Place, found: Mapped, chosen: list[str]) -> None:
    name = st.session_state.get(_NAME, "").strip()
    st.markdown(
        f"**{plain(name) + ': ' if name else ''}{len(chosen)} selected of {len(found.table)}** "
        f"({_by_cluster(found, chosen)})"
    )
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(
            "Name of the selection", key=_NAME, max_chars=60, placeholder="such as: dense scans"
        )
        st.download_button(
            "Download CSV",
            data=lambda: selection_csv(found, chosen, st.session_state.get(_NAME, "")),
            file_name="selection.csv",
            mime="text/csv",
            on_click="ignore",
        )
        offer_keeping(here, st.session_state.get(_NAME, ""), chosen)
        st.button("Clear", on_click=_clear, args=(here,))
    _show_differences(found, chosen)


def _by_cluster(found: Mapped, chosen: list[str]) -> str:
    counts = found.table.loc[chosen, "cluster"].value_counts().sort_index()
    return ", ".join(
        f"{plain(found.labels.get(int(number), str(number)))}: {n}"
        for number, n in zip(counts.index, counts, strict=True)
    )


def _show_differences(found: Mapped, chosen: list[str]) -> None:
    is_chosen = found.clinical.index.isin(chosen)
    # Imported here: the server is 60 MB smaller as long as nobody has selected anything.
    from clam_core.statistics.effects.selection_against_rest import against_rest

    differences = against_rest(found.clinical, found.columns, is_chosen)
    if not found.columns:
        st.caption("The study has no clinical table, so the selection is not compared.")
        return
    if differences.empty:
        st.caption(
            "To compare clinical values, at least two scans with values are needed in the "
            "selection and among the rest."
        )
        return
    shown = pd.DataFrame(
        {
            "Variable": differences["label"],
            "n": [
                f"{own} and {rest}"
                for own, rest in zip(differences["n_selected"], differences["n_rest"], strict=True)
            ],
            "Selected against the rest": differences["difference"],
        }
    )
    table(
        shown,
        "Differences of clinical values between the selected scans and the rest, largest first.",
        hide_index=True,
        width="stretch",
        column_config={"Variable": {"width": 120}, "n": {"width": 90}},
        height=min(38 + 35 * len(shown), 300),
    )
    named = set(differences["label"])
    for doubt in doubt_words(info for info in found.columns if info.label in named):
        st.caption(plain(doubt))
    st.caption(
        "Largest difference first (in standard deviations). This is exploration: the selection "
        "was made by looking, so there are no p values. Tests of the clusters are on the page "
        "Associations."
    )


def _clear(here: Place) -> None:
    looked.select(here, None)
    looked.redraw(here)
    st.session_state[_NAME] = ""
    st.rerun([MAP_PART, SELECTION_PART])


def selection_csv(found: Mapped, chosen: list[str], name: str) -> bytes:
    """The selected scans with their clinical values, harmless in a spreadsheet."""
    own = found.table.loc[chosen, ["subject_id", "cluster", "confidence"]]
    own.insert(0, "selection", name.strip())
    shown = [info.name for info in found.columns]
    clinical = found.clinical.loc[chosen, shown].add_prefix("clinical_")
    joined = pd.concat([own, clinical], axis=1)
    joined.index.name = "scan_id"
    return neutralise_frame(joined).to_csv().encode()


def atlas_file(found: Mapped) -> bytes:
    """Places of all scans as Parquet, for programs that show very large maps."""
    columns = found.table[["x", "y", "cluster", "confidence"]].rename_axis("scan_id")
    stream = io.BytesIO()
    columns.reset_index().to_parquet(stream, index=False)
    return stream.getvalue()
