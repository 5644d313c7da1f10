"""Open scans: where they are, how they are named and prepared, and off it goes."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import streamlit as st

from clam_core.errors import StudyError
from clam_core.files.file_names import known_ending
from clam_core.files.given_names import check_name
from clam_core.find.allowed_folders import (
    TABLES,
    allowed_roots,
    check_below,
    folders_in,
    tables_in,
)
from clam_core.study.uploads import Upload, UploadLimits, check_room, store_upload
from pages.shell.place import studies_root, study_names
from pages.shell.start_job import start
from pages.shell.text import plain, sentences

_FOLDER, _UPLOAD = "A folder on this server", "Upload files"
_HERE = "(this folder)"
_DEEPEST = 12

IDS = {
    "auto": "From file names; whatever could be the name of a person becomes a number",
    "names": "From file names as they are (they are pseudonyms already)",
    "codes": "Numbers only",
}
LAYOUTS = {
    "auto": "Found out from folders and file names; masks and labels are no scans",
    "none": "Every file is a scan of a patient of its own",
}
GRIDS = {
    48: "48: quick look",
    64: "64: small scans, such as nodules",
    88: "88: standard, as in the paper",
    128: "128: fine, about three times slower",
}
MASKS = {
    "auto": "The mask that comes with a scan; else the lungs, where it is a chest CT",
    "lungs": "Find the lungs in every scan",
    "given": "Only masks that come with the scans",
    "none": "No mask: look at the whole picture",
}


def show_open() -> None:
    """Form for a new study from one's own scans."""
    st.header("Open my scans", anchor=False)
    name = st.text_input("Name of the new study", "my-study", max_chars=64, key="new_name").strip()
    where = st.segmented_control(
        "Where are the scans?", [_FOLDER, _UPLOAD], default=_FOLDER, required=True, key="where"
    )
    files: list[Upload] = []
    folder, scans_table, sent_table = None, None, None
    with sentences():
        if where == _FOLDER:
            folder, scans_table = _choose_folder()
        else:
            files, sent_table = _choose_files()
    with st.expander("How they are named and prepared (the defaults suit most chest CTs)"):
        ids = st.radio("Ids of the scans", list(IDS), format_func=IDS.__getitem__, key="ids")
        layout = st.radio(
            "Whose the scans are", list(LAYOUTS), format_func=LAYOUTS.__getitem__, key="layout"
        )
        settings = prepare_choice("new")
    is_ready = folder is not None or bool(files)
    if st.button("Make the study", type="primary", disabled=not is_ready):
        with sentences():
            _check_name(name)
            root = folder or store_upload(studies_root(), files)
            arguments = {"scans": str(root), "ids": ids, "layout": layout, "preprocess": settings}
            if sent_table:
                scans_table = _keep_table(root, sent_table)
            if scans_table:
                arguments["scans_table"] = str(root / scans_table)
            start(name, "create", arguments)


def prepare_choice(key: str) -> dict[str, Any]:
    """Grid and mask in plain words, as arguments of the step."""
    grid = st.select_slider(
        "Detail (voxels along each axis)",
        list(GRIDS),
        88,
        format_func=GRIDS.__getitem__,
        key=f"grid_{key}",
    )
    mask = st.radio(
        "What is looked at", list(MASKS), format_func=MASKS.__getitem__, key=f"mask_{key}"
    )
    return {"grid": grid, "mask": mask}


def _choose_folder() -> tuple[Path | None, str | None]:
    """Walk down from an allowed root; a table in the folder may name the scans."""
    roots = allowed_roots(os.environ.get("CLAM_SCANS", ""), studies_root())
    if not roots:
        st.info("No folder of this server may be opened yet; upload the files instead.")
        return None, None
    place = st.selectbox("Folder", roots, format_func=lambda root: root.name, key="root")
    for depth in range(_DEEPEST):
        inside = folders_in(place, roots)
        if not inside:
            break
        step = st.selectbox(
            "and in it" if depth else "in it", [_HERE, *inside], key=f"folder_{depth}_{place.name}"
        )
        if step == _HERE:
            break
        place = check_below(place / step, roots)
    st.caption(f"Everything below {plain(place.name)} is looked into; nothing there is changed.")
    chosen = _choose_table(tables_in(place, roots), f"table_{place.name}")
    return place, chosen


def _choose_table(tables: list[str], key: str) -> str | None:
    """One of the tables, a table `scans` unasked; None takes every scan that is found."""
    if not tables:
        return None
    none = "No table: take every scan that is found"
    chosen = st.selectbox(
        "Table that names the scans (columns scan_id, subject_id, path, mask)",
        [none, *tables],
        index=1 if Path(tables[0]).stem.lower() == "scans" else 0,
        key=key,
    )
    return None if chosen == none else chosen


def _choose_files() -> tuple[list[Upload], Upload | None]:
    """What was uploaded, and the table among it that names the scans."""
    limits = UploadLimits()
    sent = st.file_uploader(
        "Scans: files, or one zip archive with folders",
        accept_multiple_files=True,
        max_upload_size=limits.max_bytes >> 20,
        key="scans_upload",
        help="Larger cohorts: put them into a folder of the server and open that.",
    )
    st.caption(
        "A table that names the scans (CSV or XLSX) may be uploaded with them, beside an archive "
        "rather than in it; its paths are those in the archive, or the names of the files."
    )
    files = [Upload(one.name, one.size, one) for one in sent]
    tables = {one.name: one for one in files if Path(one.name).suffix.lower() in TABLES}
    names = sorted(tables, key=lambda name: (Path(name).stem.lower() != "scans", name))
    chosen = _choose_table(names, "table_upload")
    table = None if chosen is None else tables[chosen]
    scans = [one for one in files if one is not table]
    if scans:
        check_room(studies_root(), scans, limits)
    return scans, table


def _keep_table(root: Path, table: Upload) -> str:
    """Keep the table that names the scans with the upload, under a name of our own."""
    name = f"scans{known_ending(table.name, TABLES)}"
    with (root / name).open("wb") as target:
        shutil.copyfileobj(table.content, target)
    return name


def _check_name(name: str) -> None:
    check_name(name, "study")
    if name in study_names():
        raise StudyError(f"There is already a study {name!r}; choose another name.")
