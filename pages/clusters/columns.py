"""A column per cluster: name and means, typical scans, where its maps lie, who its people are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from clam_core.figures.described import Described
from clam_core.settings.given_numbers import NO_MAPS
from clam_core.settings.peaks import artefact_words
from clam_core.study import Run, Study, cluster_label, read_names, write_names
from clam_core.study.stamp import results_stamp
from pages.clusters import data
from pages.clusters.levels import Level, choose_level
from pages.shared.similar_scans import borderline_ids, typical_ids
from pages.shared.stability import show_stability
from pages.shared.thumbnails import show_png, thumbnail
from pages.shell.page_list import page_link
from pages.shell.place import Place
from pages.shell.text import plain, sentences

N_SHOWN = 3
_WIDTH = 250
_WINDOWS = {"HU": "lung window", "arbitrary": "the study's own grey scale"}


def columns(here: Place) -> list[tuple[int, st.delta_generator.DeltaGenerator]]:
    """A cell for every cluster, as many beside each other as fit; the rest goes below."""
    numbers = range(1, here.fitted.info().n_clusters + 1)
    cells = st.grid(min(len(numbers), 4), min_column_width=_WIDTH)
    return [(number, cells.cell()) for number in numbers]


@st.fragment
def show_means(here: Place) -> None:
    """Name, size, and mean scan with its map; one slider moves all."""
    with sentences():
        _show_means(here)


def _show_means(here: Place) -> None:
    level = choose_level(here)
    table = data.overview(here)
    suspects = {} if here.fitted.info().given is not None else _suspects(here)
    for number, cell in columns(here):
        row = table.loc[number]
        with cell:
            _heading(number, str(row["name"]))
            _edit_name(here, number, str(row["name"]))
            mean = float(table["confidence"][number])
            confidence = "" if math.isnan(mean) else f"{mean:.2f}"
            st.caption(f"{row['size']} scans, mean confidence {confidence or 'unknown'}")
            show_stability(here, number)
            if row["size"] == 0:
                st.info("No scan is in this cluster.")
                continue
            if here.fitted.info().given is not None:
                _mean_alone(here, number, int(table["size"][number]), level)
                continue
            _pictures(here, number, int(table["size"][number]), level)
            found = data.recognised(here, number)
            if found is not None:
                (st.info if found.is_absence else st.caption)(plain(found.sentence))
            if number in suspects:
                st.warning(plain(suspects[number]))
    if here.fitted.info().given is not None:
        st.caption(plain(f"Mean of the scans of each cluster. This run {NO_MAPS}."))
        return
    st.caption(
        ("" if level.is_mosaic else "Left: mean of the scans. Right: the same with the ")
        + ("With the " if level.is_mosaic else "")
        + "mean of their maps; the brighter the orange, the more the software looked there. The "
        f"colour scale is the same for all clusters ({_WINDOWS[here.study.info.unit]})."
    )


def _suspects(here: Place) -> dict[int, str]:
    """What to think of clusters whose maps mostly peak at the border of the lungs or the hilum."""
    maps = here.fitted.maps()
    return artefact_words(maps, here.fitted.scans()["cluster"].loc[maps.index].to_numpy())


def _mean_alone(here: Place, number: int, size: int, level: Level) -> None:
    """Mean scan of a cluster of a run without maps."""
    cut = level.cut(here, number)
    png = data.mean_png(here, number, cut, with_map=False)
    show_png(png, f"Mean of the {size} scans of cluster {number}, {_words(cut)}.")
    if len(data.grid(here)) == 3:
        st.caption(_words(cut))


def _pictures(here: Place, number: int, size: int, level: Level) -> None:
    """Mean scan and mean map of a cluster: at one level beside each other, or at many."""
    if level.is_mosaic:
        png, levels = data.mosaic_png(here, number, level.plane)
        listed = ", ".join(str(one + 1) for one in levels)
        show_png(png, f"Means of cluster {number}, {level.plane} slices {listed}, with their maps.")
        st.caption(f"{level.plane} slices {listed}, from the lowest up, row by row")
        return
    cut = level.cut(here, number)
    said = f"of the {size} scans of cluster {number}, {_words(cut)}"
    for side, png, alt in zip(
        st.columns(2, gap="xxsmall"),
        [data.mean_png(here, number, cut, with_map=shown) for shown in (False, True)],
        (f"Mean {said}.", f"Mean {said}, with the mean of their maps in orange."),
        strict=True,
    ):
        with side:
            show_png(png, alt)
    if len(data.grid(here)) == 3:
        st.caption(_words(cut))


def _words(cut: data.Cut) -> str:
    return f"{cut[0]} slice {cut[1] + 1}"


def _heading(number: int, name: str, level: str = "##") -> None:
    """Mark and name of a cluster, as every chart has them."""
    from clam_core.figures.cluster_mark import cluster_mark

    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.image(cluster_mark(number), alt=f"Mark of cluster {number} in the charts")
        st.markdown(f"{level} {plain(cluster_label(number, {number: name}))}")


def _edit_name(here: Place, number: int, name: str) -> None:
    """Text field for the name; what is typed is stored at once."""
    key = f"name_{here.study.name}_{here.fitted.name}_{number}"
    typed = st.text_input(
        f"Name of cluster {number}",
        name,
        max_chars=60,
        placeholder="such as: upper-zone ground glass",
        key=key,
    )
    if typed.strip() != name:
        with sentences():
            write_names(here.fitted, {**read_names(here.fitted), number: typed})
            st.rerun()


def show_scans(here: Place) -> None:
    """The most typical scans of each cluster, and those that could as well be in another."""
    st.caption(
        "Typical scans lie nearest to the middle of their cluster; borderline scans are almost "
        "as near to another one. Each opens in Explore."
    )
    names = read_names(here.fitted)
    for number, cell in columns(here):
        with cell:
            _heading(number, names.get(number, ""), "###")
            st.markdown("**Typical**")
            _strip(here, typical_ids(here.fitted, number, N_SHOWN), "typical")
            st.markdown("**Borderline**")
            _strip(here, borderline_ids(here.fitted, number, N_SHOWN), "borderline")


def _strip(here: Place, scan_ids: list[str], kind: str) -> None:
    if not scan_ids:
        st.caption("None.")
        return
    confidence = here.fitted.scans()["confidence"]
    for place, scan_id in zip(st.columns(N_SHOWN, gap="xxsmall"), scan_ids, strict=False):
        with place:
            alt = f"{kind} scan {scan_id}: the slice at the peak of its map"
            show_png(thumbnail(here, scan_id), alt)
            page_link("explore", plain(scan_id), scan=scan_id)
            st.caption(f"confidence {confidence[scan_id]:.2f}")


def show_shares(here: Place) -> None:
    """Zones as a lung drawing, densities as bars, and both as a table."""
    found = _shares(str(here.study.folder), here.fitted.name, results_stamp(here.fitted))
    if found is None:
        st.info("The scans have no masks, so the maps cannot be placed in zones or densities.")
        return
    names = read_names(here.fitted)
    for number, cell in columns(here):
        drawn = found.drawings.get(number, {})
        if not drawn:
            continue
        with cell:
            _heading(number, names.get(number, ""), "###")
            for what, drawing in drawn.items():
                _chart(drawing, f"{what}_{number}")
    st.caption(
        "Share of the maps by lung zone (thirds of the height of each lung, the patient's "
        "right on the left) and by density in HU, mean over the scans of the cluster."
    )
    with st.expander("The same as a table"):
        shown = found.table.rename(columns=lambda number: f"cluster {number}").map(_percent)
        st.dataframe(shown, alt="Share of the maps by zone and density, one column per cluster.")


@dataclass(frozen=True, eq=False)
class _Shares:
    """What maps look at: a drawing per cluster and kind (`zones`, `bands`), and all as a table."""

    drawings: dict[int, dict[str, Described]]
    table: pd.DataFrame


# Not `cache_data`, which copies what it keeps at every run; nobody changes these figures.
@st.cache_resource(max_entries=8, show_spinner=False)
def _shares(folder: str, name: str, stamped: str) -> _Shares | None:  # noqa: ARG001
    from clam_core.figures.cluster_portrait import cluster_shares
    from clam_core.figures.shares import density_bars, has_sides, zone_drawing

    run = Run(Study(folder), name)
    maps, clusters = run.maps(), run.scans()["cluster"]
    zones, bands = (cluster_shares(maps, clusters, what) for what in ("zones", "bands"))
    if zones.empty:
        return None
    tops = [
        float(table.drop("outside the mask", errors="ignore").max().max())
        for table in (zones, bands)
        if not table.empty
    ]
    draw_zones = zone_drawing if has_sides(zones) else density_bars
    drawings: dict[int, dict[str, Described]] = {}
    for number in (int(str(name)) for name in zones):
        drawings[number] = {"zones": draw_zones(zones[number], number, tops[0])}
        if number in bands:
            drawings[number]["bands"] = density_bars(bands[number], number, tops[1])
    table = pd.concat([zones, bands], keys=["zone", "density"], names=["", "part"])
    return _Shares(drawings, table)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _chart(drawn: Described, key: str) -> None:
    st.plotly_chart(
        drawn.figure,
        width="stretch",
        alt=drawn.sentence,
        key=key,
        config={"displayModeBar": False},
    )


def show_differences(here: Place) -> None:
    """Three clinical variables per cluster, each a link to its row in Associations."""
    from clam_core.statistics.effects.what_sets_apart import top_differences
    from clam_core.study.associations import has_associations, read_associations

    if not has_associations(here.fitted):
        st.info(
            "The clusters have not been compared with the clinical table yet: that is the step "
            "'associate', on the page Associations."
        )
        page_link("associations", "Go to Associations")
        return
    found, names = read_associations(here.fitted), read_names(here.fitted)
    for doubt in found.about["doubts"]:
        st.caption(plain(doubt))
    for number, cell in columns(here):
        with cell:
            _heading(number, names.get(number, ""), "###")
            largest = top_differences(found.rows, found.table("pairs"), number, N_SHOWN)
            if not largest:
                st.caption("No variable differs from another cluster after correction.")
            for one in largest:
                page_link("associations", plain(one.label), variable=one.variable)
                st.caption(plain(one.sentence))
