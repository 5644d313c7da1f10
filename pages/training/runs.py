"""Runs side by side: a table, two of them compared, one deleted."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from clam_core.how_many.compare import compare_clusters
from clam_core.pipeline.current import why_stale
from clam_core.study import Run, run_names
from pages.shell.place import Place
from pages.shell.text import sentences


def show_runs(here: Place) -> None:
    """All runs of the study."""
    names = run_names(here.study)
    st.header("Runs of this study", anchor=False)
    st.dataframe(pd.DataFrame([_row(here, name) for name in names]), hide_index=True)
    if len(names) > 1:
        _compare(here, names)
    _delete(here, names)


def _row(here: Place, name: str) -> dict[str, object]:
    run = Run(here.study, name)
    info, scans = run.info(), run.scans()
    sizes = scans["cluster"].value_counts().sort_index()
    return {
        "run": name,
        "clusters": info.n_clusters,
        "sizes": ", ".join(str(n) for n in sizes),
        "method": info.method,
        "seed": info.settings["seed"],
        "mean confidence": round(float(scans["confidence"].mean()), 2),
        "maps": "yes" if info.localized is not None else "no",
        "made from": "other volumes" if why_stale(here.study, run) else "these volumes",
    }


def _compare(here: Place, names: list[str]) -> None:
    left, right = st.columns(2)
    first = left.selectbox("Compare", names, key="compare_first")
    second = right.selectbox("with", [n for n in names if n != first], key="compare_second")
    with sentences():
        found = compare_clusters(
            *(Run(here.study, name).scans()["cluster"] for name in (first, second))
        )
        st.write(found.sentence)
        table = found.table.rename_axis(None)
        table.index = [f"{first}: cluster {c}" for c in table.index]
        table.columns = [f"{second}: cluster {c}" for c in table.columns]
        st.dataframe(table)
        st.caption("Number of scans in each pair of clusters.")


def _delete(here: Place, names: list[str]) -> None:
    with st.expander("Delete a run"):
        name = st.selectbox("Run", names, key="delete_run")
        sure = st.checkbox(f"Delete run '{name}' with its maps and associations", key="delete_sure")
        if st.button("Delete this run", disabled=not sure):
            with sentences():
                Run(here.study, name).delete()
                st.query_params.pop("run", None)
                st.rerun()
