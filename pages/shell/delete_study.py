"""Delete a study: said beforehand what goes, and only once its name has been typed."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from clam_core.study.removal import delete_study
from clam_core.study.uploads import delete_uploads, unused_uploads, uploads_of
from pages.shell.place import Place, studies_root
from pages.shell.start_job import is_running
from pages.shell.text import plain, sentences


def show_delete(here: Place) -> None:
    """Confirmation by name, then everything goes."""
    name = here.study.name
    st.header("Delete this study", anchor=False)
    uploaded = uploads_of(here.study.folder) is not None
    scans = (
        "The scans that were uploaded for it are deleted as well."
        if uploaded
        else "Scans in folders of your own stay where they are."
    )
    st.markdown(
        "Deletes the prepared volumes, the pictures, the clinical table and all runs with their "
        f"maps. {scans} This cannot be undone."
    )
    _confirm(name)
    _show_unused()


def show_damaged(name: str) -> None:
    """Offer to delete a study that cannot be opened."""
    with st.expander(f"Delete the study {plain(name)}"):
        st.markdown(
            "If you have a copy of its folder, put that in place and reload the page. Otherwise "
            "the study can be deleted, with all that was made from its scans. The scans "
            "themselves stay where they are, unless they were uploaded for it or belong to the "
            "demo. This cannot be undone."
        )
        _confirm(name)


def _confirm(name: str) -> None:
    """The name has to be typed; then everything goes."""
    typed = st.text_input(f"Type the name of the study to delete it: {plain(name)}", key="doomed")
    if st.button("Delete the study", type="primary", disabled=typed.strip() != name):
        if is_running(name):
            st.error("A step is working on this study. Cancel it first, then delete the study.")
            return
        with sentences():
            delete_study(studies_root(), name)
            for key in ("study", "run"):  # only widgets may change what is bound to them
                st.query_params.pop(key, None)
            st.toast(f"The study {plain(name)} was deleted.")
            st.rerun()


def _show_unused() -> None:
    unused = unused_uploads(studies_root())
    if not unused:
        return
    size = sum(_size(folder) for folder in unused)
    st.caption(
        f"{len(unused)} upload{'' if len(unused) == 1 else 's'} ({size / 1e6:,.0f} MB) "
        "belong to no study, because making one from them failed or was cancelled."
    )
    if st.button("Delete these uploads"):
        delete_uploads(unused)
        st.rerun()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
