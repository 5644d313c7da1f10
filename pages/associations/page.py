"""Associations: whether the clusters matter clinically, and how far to trust the answer."""

import streamlit as st

from pages.associations import compare_form, main_table
from pages.associations.one_variable import show_variable
from pages.associations.other_views import VIEWS
from pages.shell.frame import end, page
from pages.shell.status import stale_badge
from pages.shell.text import plain

with page("Associations", needs="run") as here:
    found = main_table.stored(here.fitted)
    if found is None:
        compare_form.show(here)
        end()
    stale_badge(here)
    st.header(plain(str(found.about["headline"])), anchor=False)
    st.markdown(plain(" ".join(map(str, found.about["qualifications"]))))
    main_table.show_warnings(here, found)
    view = st.segmented_control("Show", list(VIEWS), default=next(iter(VIEWS)), required=True)
    VIEWS[view](here, found)
    st.divider()
    variable = main_table.show_table(found)
    if variable:
        show_variable(here, found, variable)
    with st.expander("Compare again, add reference values, follow-up or visits"):
        compare_form.show(here, found)
