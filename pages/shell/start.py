"""What the server runs at every visit: the page config, who may look, and the chosen page."""

from pathlib import Path

import streamlit as st

from pages.shell.access import check_access
from pages.shell.log import scrub_log
from pages.shell.page_list import navigation

icon = Path(__file__).parents[2] / "assets" / "icon.svg"
st.set_page_config(page_title="CLAM Explorer", page_icon=icon, layout="wide")
scrub_log()
chosen = navigation()
check_access()
chosen.run()
