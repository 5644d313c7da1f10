"""The right half of Explore: the open scan with its map, and scans that look like it."""

from __future__ import annotations

import streamlit as st

from clam_core.study import cluster_label, read_names
from pages.explore import address as looked
from pages.explore.cohort_map import MAP_PART, SCAN_PART
from pages.explore.cohort_map_data import RELIABLE, mapped, place_on, value_text
from pages.explore.scan_notes import show_notes
from pages.shared.leading_columns import leading
from pages.shared.similar_scans import similar_ids, typical_ids
from pages.shared.stability import show_stability
from pages.shared.thumbnails import show_png, thumbnail
from pages.shell.place import Place
from pages.shell.status import stale_badge
from pages.shell.text import plain, sentences
from pages.viewer.viewer import Room, show_scan

_N_SIMILAR, _N_VALUES, _MOST_IN_ROW = 4, 6, 4


@st.fragment(key=SCAN_PART)
def show_opened(here: Place) -> None:
    """The scan that was clicked, or an offer of typical ones."""
    with sentences():
        scan_id = looked.opened(here)
        if scan_id is None:
            _invite(here)
            return
        with st.container(key="explore-opened"):
            _show_scan(here, scan_id)


def _show_scan(here: Place, scan_id: str) -> None:
    """The picture, which the style sheet gives most of the window; beside it what belongs to it."""
    room = Room(
        title=_title(here, scan_id),
        close=lambda: _open(here, None),
        before=lambda: _header(here, scan_id),
        after=lambda: _alike(here, scan_id),
    )
    show_scan(here, scan_id, "explore", room)


def _alike(here: Place, scan_id: str) -> None:
    """Notes, and scans that look most alike, each with a button that opens it."""
    show_notes(here, scan_id)
    st.markdown("**Scans that look most alike**")
    st.caption("Nearest in what the software sees, not in age, lung function or diagnosis.")
    similar = similar_ids(here.fitted, scan_id, _N_SIMILAR)
    clusters = here.fitted.scans()["cluster"]
    _thumbnails(here, [(one, f"Cluster {clusters[one]}") for one in similar], "similar", in_row=2)


def _invite(here: Place) -> None:
    """What to do, and the most typical scan of each cluster."""
    st.header("Click a point to open its scan", anchor=False)
    marked = ", with the places marked by which the software recognised its cluster"
    if here.fitted.info().given is not None:
        marked = ""
    st.markdown(f"Its slices open here{marked}. Or begin with the most typical scan of a cluster:")
    names = read_names(here.fitted)
    offered = [
        (scan_id, cluster_label(number, names))
        for number in range(1, here.fitted.info().n_clusters + 1)
        for scan_id in typical_ids(here.fitted, number, 1)
    ]
    _thumbnails(here, offered, "typical")


def _thumbnails(
    here: Place, scans: list[tuple[str, str]], kind: str, in_row: int = _MOST_IN_ROW
) -> None:
    """Pictures of scans with a caption, each with a button that opens it."""
    for start in range(0, len(scans), in_row):
        columns = st.columns(in_row, gap="small")
        for column, (scan_id, caption) in zip(columns, scans[start:], strict=False):
            with column:
                alt = f"{kind} scan {scan_id}: the slice at the peak of its map"
                show_png(thumbnail(here, scan_id), alt, plain(caption))
                st.button(
                    plain(scan_id),
                    key=f"{kind}-{scan_id}",
                    on_click=_open,
                    args=(here, scan_id),
                    width="stretch",
                )


def _open(here: Place, scan_id: str | None) -> None:
    looked.open_scan(here, scan_id)
    looked.redraw(here)
    st.rerun([MAP_PART, SCAN_PART])


def _title(here: Place, scan_id: str) -> str:
    """Scan, cluster and confidence in a line."""
    found = mapped(here)
    row = found.table.loc[scan_id]
    label = found.labels[int(found.table["cluster"][scan_id])]
    return f"{scan_id} \u00b7 {label} (confidence {row['confidence']:.2f})"


def _header(here: Place, scan_id: str) -> None:
    """What is read first about the open scan: cluster, confidence, clinical values."""
    st.markdown(f"## {plain(_title(here, scan_id))}")
    # Plain pictures have no toolbar, so that this is the only way to close the scan there.
    st.button("Close the scan", icon=":material/close:", on_click=_open, args=(here, None))
    _values(here, scan_id)


def _values(here: Place, scan_id: str) -> None:
    """A few clinical values of the open scan, and what has to be said about it."""
    found = mapped(here)
    texts = [
        f"{plain(info.label)} **{plain(text)}**"
        for info in leading(found.columns)
        if (text := value_text(found.clinical.loc[scan_id, info.name], info))
    ]
    if texts:
        st.markdown(" · ".join(texts[:_N_VALUES]))
    elif found.columns:
        st.caption("The clinical table has no values for this scan.")
    stale_badge(here)
    show_stability(here, int(found.table["cluster"][scan_id]))
    _place_words(here, scan_id)


def _place_words(here: Place, scan_id: str) -> None:
    """Say so where the scan's place on the map misleads."""
    plane = st.query_params.get("plane", "")
    planes = mapped(here).planes
    share = float(place_on(here, plane if plane in planes else planes[0])["trust"][scan_id])
    if share < RELIABLE:  # which a missing one is not
        st.caption(
            f"Its place on the map is not reliable: only {share:.0%} of the scans that look most "
            "like it lie near it."
        )
