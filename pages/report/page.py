"""Report: choose sections, see what is in them, download one file."""

from functools import partial

import streamlit as st

from pages.report.sections import choose_sections, file_name, show_here, written
from pages.shell.frame import end, page

with page("Report", needs="run") as here:
    st.markdown(
        "One file with everything that was found in this run: words, figures, tables, a methods "
        "paragraph and citations. It opens in any browser without a network, prints well, and "
        "names scans only by their ids in the study."
    )
    if here.stale:
        st.info("So no report of it is written.")
        end()
    settings = choose_sections(here)
    if settings is None:
        st.info("Choose at least one section.")
        end()
    st.download_button(
        "Download the report",
        data=partial(written, here, settings),
        file_name=file_name(here),
        mime="text/html",
        on_click="ignore",
        type="primary",
    )
    st.caption(
        "The file is written when you press the button, which takes a few seconds. The same study "
        "gives the same file, byte for byte. To print it or to make a PDF, open it in a browser "
        "and print."
    )
    show_here(here, settings)
