"""Notes on the open scan: who wrote what, and when; kept with the study."""

from __future__ import annotations

import streamlit as st

from clam_core.export.formulas import csv_bytes
from clam_core.study.remarks.notes import add_note, notes_table, read_notes
from pages.shell.access import visitor
from pages.shell.place import Place, download_stem
from pages.shell.text import plain, sentences


def show_notes(here: Place, scan_id: str) -> None:
    """What was noted, and a field for more."""
    notes = read_notes(here.study, scan_id)
    with st.expander(f"Notes ({len(notes)})", key=f"notes-of-{scan_id}"):
        for note in notes:
            by = f", {plain(note.who)}" if note.who else ""
            st.markdown(plain(note.text).replace("\n", "  \n"))
            st.caption(f"{note.when[:16].replace('T', ' ')} UTC{by}")
        with st.form(f"note-{scan_id}", clear_on_submit=True, border=False):
            key = f"note-text-{scan_id}"
            st.text_area("New note", max_chars=2000, height=80, key=key)
            st.form_submit_button("Keep the note", on_click=_keep, args=(here, scan_id, key))
        st.download_button(
            "All notes of the study (CSV)",
            data=lambda: csv_bytes(notes_table(here.study)),
            file_name=f"{download_stem(here, '-')}-notes.csv",
            mime="text/csv",
            on_click="ignore",
            type="tertiary",
        )


def _keep(here: Place, scan_id: str, key: str) -> None:
    with sentences():
        add_note(here.study, scan_id, st.session_state[key], visitor() or "")
