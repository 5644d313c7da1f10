"""CLAM Explorer: the app, as `streamlit run` finds it; its script lists the pages."""

from pathlib import Path

import streamlit as st

from pages.shell.opening import Opening
from pages.voxels.route import voxel_routes

opening = Opening.from_environment()
app = st.App(
    Path(__file__).resolve().parent / "pages" / "shell" / "start.py",
    routes=voxel_routes(),
    middleware=opening.middleware,
    lifespan=opening.lifespan,
)
