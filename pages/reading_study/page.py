"""Reading study: readers score scans blind; what came out is shown once all have locked."""

import streamlit as st

from pages.reading_study.choose_reading import show_readings
from pages.reading_study.make_reading import show_make
from pages.reading_study.read_cases import show_cases
from pages.reading_study.seats import wanted_seat
from pages.shell.frame import bare_page, page

seat = wanted_seat()
if seat is not None:
    with bare_page("Reading study") as study:
        show_cases(study, seat)
else:
    with page("Reading study", needs="volumes") as here:
        st.markdown(
            "Readers score scans without knowing cluster, map, name or clinical values, each in an "
            "order of their own. Once all have locked, you see how far they agree; the scores then "
            "stand beside the clinical values on the page Associations."
        )
        show_readings(here)
        show_make(here)
