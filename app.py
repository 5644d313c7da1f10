"""CLAM Explorer: page config and the list of pages; nothing else."""

import streamlit as st

from pages.shell.frame import main

st.set_page_config(page_title="CLAM Explorer", page_icon="assets/icon.svg", layout="wide")
main()
