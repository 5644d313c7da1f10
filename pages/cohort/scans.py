"""The scans of a study: how many, what is wrong with which, and a picture of each."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from clam_core.report.phrases import stated_sizes
from clam_core.study import Study
from clam_core.tables.rows_of_scans import has_row
from clam_core.wording import plural
from pages.cohort.keep_own import show_keep_own
from pages.cohort.prepare import show_prepare, show_try_again
from pages.shared.tables import table
from pages.shared.thumbnails import show_png
from pages.shell.page_list import page_link
from pages.shell.place import Place
from pages.shell.start_job import is_running
from pages.shell.text import plain
from pages.viewer.view_address import put

PER_PAGE = 24
ALL, READY, FAILED = "All scans", "Ready", "Failed"
WARNED, NO_ROW = "With a warning", "No clinical row"
_STATUS = {"ready": "Ready", "failed": "Failed", "found": "Not prepared yet"}
_COLUMNS = {
    "subject_id": "Subject",
    "session": "Visit or phase",
    "status": "Status",
    "reason": "Why it failed",
    "warnings": "Worth a look",
    "notes": "Notes",
    "original_shape": "Voxels",
    "original_spacing_mm": "Voxel size (mm)",
    "slice_thickness_mm": "Slice thickness (mm)",
    "lung_litres": "Lungs (L)",
    "lung_left_litres": "Left lung (L)",
    "lung_right_litres": "Right lung (L)",
    "mask_source": "Mask",
    "mask_quality": "Mask quality (0 to 1)",
    "hu_p01": "1st percentile",
    "hu_p50": "Median value",
    "hu_p99": "99th percentile",
    "manufacturer": "Manufacturer",
    "kernel": "Kernel",
    "site": "Site",
}


def show_scans(here: Place) -> None:
    """Numbers, problems with what to do, contact sheet, quality values, files that are no scan."""
    scans = here.study.scans()
    counts = scans["status"].value_counts()
    for column, (status, name) in zip(st.columns(3), _STATUS.items(), strict=True):
        column.metric(name, f"{int(counts.get(status, 0)):,}")
    if counts.get("found", 0) and not is_running(here.study.name):
        show_prepare(here)
    for sentence in here.study.info.found:
        st.markdown(f"- {plain(sentence)}")
    lists = filters(here.study, scans)
    _show_problems(here, scans, lists)
    choice = _choose_filter(lists)
    shown = scans[lists[choice]]
    if shown.empty:
        st.info("No scan is like that.")
    else:
        _show_pictures(here, shown, choice)
        st.header("Quality values", anchor=False)
        _show_values(shown)
    show_keep_own(here)
    _show_skipped(here.study)


def _choose_filter(lists: dict[str, pd.Series]) -> str:
    """Which scans are shown; the choice is in the address."""
    wanted = st.query_params.get("show", ALL)
    choice = st.segmented_control(
        "Show",
        list(lists),
        default=wanted if wanted in lists else ALL,
        required=True,
        format_func=lambda name: f"{name} ({int(lists[name].sum()):,})",
        key="show",
    )
    put(st.query_params, "show", str(choice), ALL)
    return str(choice)


def filters(study: Study, scans: pd.DataFrame) -> dict[str, pd.Series]:
    """Which scans each filter keeps."""
    ready = scans["status"] == "ready"
    return {
        ALL: ready | ~ready,
        READY: ready,
        FAILED: scans["status"] == "failed",
        WARNED: _texts(scans, "warnings").ne("") & ready,
        NO_ROW: _without_row(study, scans),
    }


def _texts(scans: pd.DataFrame, name: str) -> pd.Series:
    if name not in scans:
        return pd.Series("", scans.index)
    return scans[name].fillna("").astype(str)


def _without_row(study: Study, scans: pd.DataFrame) -> pd.Series:
    """Scans that the clinical table says nothing about; none where there is no table."""
    stored = study.clinical()
    if stored is None:
        return pd.Series(data=False, index=scans.index)
    return ~has_row(stored[0], scans)


def _show_problems(here: Place, scans: pd.DataFrame, lists: dict[str, pd.Series]) -> None:
    """Every problem as a sentence, with the scans that have it and what to do."""
    failed = int(lists[FAILED].sum())
    if failed:
        st.warning(
            f"{plural(failed, 'scan')} could not be used. Everything else goes on without "
            f"{'it' if failed == 1 else 'them'}. To have {'it' if failed == 1 else 'them'} in, do "
            f"what is said below and try {'it' if failed == 1 else 'them'} again. Where that does "
            "not help (files under other names, a mask that was missing), make the study again."
        )
        _sentences(_texts(scans, "reason")[lists[FAILED]])
        show_try_again(here, failed)
    if lists[WARNED].any():
        with st.expander(
            f"{plural(int(lists[WARNED].sum()), 'scan')} worth a look", icon=":material/info:"
        ):
            st.caption(
                "Look at the picture: where the mask is wrong, leave the scan out or give one."
            )
            _sentences(_texts(scans, "warnings")[lists[WARNED]])
    n_without = int(lists[NO_ROW].sum())
    if n_without:
        st.caption(
            f"{plural(n_without, 'scan')} without a row in the clinical table: part of the "
            "clusters, not of the associations. Correct the ids in the table and import it again."
        )


def _sentences(texts: pd.Series, most: int = 20) -> None:
    """One line per problem, the most frequent first, with the scans it concerns."""
    groups = texts.groupby(texts, sort=False).groups
    ordered = sorted(groups.items(), key=lambda item: -len(item[1]))
    for text, ids in ordered[:most]:
        named = ", ".join(map(str, ids[:5])) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
        st.markdown(f"- **{plain(named)}**: {plain(str(text))}")
    if len(ordered) > most:
        st.caption(f"And {len(ordered) - most} other problems: see the table below.")


def _show_pictures(here: Place, shown: pd.DataFrame, choice: str) -> None:
    """Contact sheet: one picture per scan, or why there is none."""
    study = here.study
    n_pages = math.ceil(len(shown) / PER_PAGE)
    number = st.pagination(n_pages, key=f"sheet_{study.name}_{choice}") if n_pages > 1 else 1
    st.caption(
        "Each picture shows three planes through the scan (patient's right on the left) and, at "
        "the bottom right, what the software works with. Orange: the outline of the lungs or of "
        "the mask that was given. Blue: the part of the scan that is used."
        if study.info.spatial_dims == 3
        else "Orange: the outline of the mask. Blue: the part of the picture that is used."
    )
    changed = study.info.prepared.fingerprint if study.info.prepared else ""
    sheet = st.grid("auto", min_column_width=190, border=True)
    for scan_id, row in shown.iloc[(number - 1) * PER_PAGE :][:PER_PAGE].iterrows():
        with sheet.cell():
            _show_one(here, str(scan_id), row, changed)


def _show_one(here: Place, scan_id: str, row: pd.Series, changed: str) -> None:
    warning = str(row.get("warnings") or "") if row["status"] == "ready" else ""
    mark = {"ready": ":material/check_circle:", "failed": ":material/error:"}.get(row["status"], "")
    mark = ":material/info:" if warning else mark
    if row["status"] == "ready":
        picture = _picture(str(here.study.folder), scan_id, changed)
        show_png(picture, f"Quality picture of scan {scan_id}")
        st.markdown(f"{mark} {plain(scan_id)}")
        if warning:
            st.caption(plain(warning))
        if here.run is not None:
            page_link("explore", "Open in Explore", scan=scan_id)
    else:
        st.markdown(f"{mark} **{plain(scan_id)}**")
        st.caption(plain(row["reason"] or "Not prepared yet."))


@st.cache_data(max_entries=2000, show_spinner=False)
def _picture(folder: str, scan_id: str, changed: str) -> bytes:  # noqa: ARG001
    return Study(folder).picture(scan_id)


def _show_values(shown: pd.DataFrame) -> None:
    shown = stated_sizes(shown)
    kept = [name for name in _COLUMNS if name in shown and not _is_blank(shown[name])]
    values = shown[kept].replace({"status": _STATUS}).rename(columns=_COLUMNS)
    values.index.name = "Scan"
    table(values, "Quality values of the scans chosen above, one row per scan.")


def _is_blank(column: pd.Series) -> bool:
    return bool((column.isna() | (column.astype(str) == "")).all())


def _show_skipped(study: Study) -> None:
    skipped = study.skipped()
    total = int(skipped["n_files"].sum())
    if not total:
        return
    counted = "1 file that is no scan" if total == 1 else f"{total:,} files that are no scan"
    with st.expander(counted):
        st.caption("Nothing is passed over silently: every file that is no scan, and why.")
        names = {"source": "Where", "kind": "Kind", "n_files": "Files", "reason": "Why"}
        table(skipped.rename(columns=names), "Files that are no scan, and why.", hide_index=True)
