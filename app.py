"""CLAM Explorer: the app, as `streamlit run` finds it; its script lists the pages."""

from pathlib import Path

import streamlit as st

app = st.App(Path(__file__).resolve().parent / "pages" / "shell" / "start.py")
