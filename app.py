"""CLAM Explorer: page config and the list of pages; nothing else."""

import streamlit as st

st.set_page_config(page_title="CLAM Explorer", page_icon="assets/icon.svg", layout="wide")
st.navigation(
    [st.Page("pages/cohort.py", title="Cohort", url_path="cohort", default=True)], position="top"
).run()
