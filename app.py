"""CLAM Explorer: page config and the list of pages; nothing else."""

from pathlib import Path

import streamlit as st

from pages.shell.frame import main

icon = Path(__file__).parent / "assets" / "icon.svg"
st.set_page_config(page_title="CLAM Explorer", page_icon=icon, layout="wide")
main()
