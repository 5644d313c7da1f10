"""Which other scan stands beside the open one: by search, or from those worth comparing."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import streamlit as st

from clam_core.study import Study
from pages.shared.find_scan import find
from pages.shared.similar_scans import borderline_ids, similar_ids, typical_ids
from pages.shell.place import Place
from pages.shell.text import plain
from pages.viewer.view_address import put

_N_SIMILAR, _N_OF_CLUSTER = 4, 2
_MOST_LISTED = 500
"""Of very many scans only those worth comparing are listed; any other is typed."""


@dataclass(frozen=True)
class Beside:
    """The scan in the second pane.

    Attributes:
        scan_id: Which.
        why: Why it was offered, in words; empty where it was searched for.
    """

    scan_id: str
    why: str


def choose_beside(here: Place, scan_id: str, key: str) -> Beside | None:
    """Ask for a scan to hold beside this one; what is chosen is in the address.

    Args:
        here: Study and run.
        scan_id: The open scan.
        key: Tells this viewer from others on the page.
    """
    offered = _offered(here, scan_id)
    ids = [str(one) for one in here.fitted.scans().index if one != scan_id]
    others = [one for one in ids if one not in offered] if len(ids) <= _MOST_LISTED else []
    options = [*offered, *others]
    wanted = _from_address(here, scan_id, ids)
    if wanted is not None and wanted not in options:
        options.append(wanted)
    chosen = st.selectbox(
        "Beside it",
        options,
        None if wanted is None else options.index(wanted),
        lambda one: f"{offered[one]}: {one}" if one in offered else str(one),
        key=f"{key}-{scan_id}-beside",
        placeholder="another scan: choose or type",
        accept_new_options=True,
    )
    found = _meant(ids, chosen)
    put(st.query_params, "beside", found or "", "")
    return None if found is None else Beside(found, offered.get(found, ""))


def _meant(ids: list[str], chosen: str | None) -> str | None:
    """The scan that was chosen, or that a typed part of an id means."""
    if chosen is None:
        return None
    found = find(ids, chosen)
    if not found:
        st.caption(f"No scan of this run has an id with {plain(chosen)} in it.")
        return None
    if len(found) > 1 and found[0].casefold() != chosen.strip().casefold():
        st.caption(f"{len(found)} scans match; the first of them is shown. Type more of the id.")
    return found[0]


def _from_address(here: Place, scan_id: str, ids: list[str]) -> str | None:
    wanted = st.query_params.get("beside", "")
    if wanted in ids:
        return wanted
    n_clusters = here.fitted.info().n_clusters
    if wanted.isdecimal() and 1 <= int(wanted) <= n_clusters:  # as addresses said it once
        typical = typical_ids(here.fitted, int(wanted), _N_OF_CLUSTER)
        return next((one for one in typical if one != scan_id), None)
    return None


def _offered(here: Place, scan_id: str) -> dict[str, str]:
    """Scans worth comparing, and why: the same person's, those alike, typical, borderline."""
    run, found = here.fitted, {}
    for one, session in _same_subject(run.study, scan_id).items():
        if one in run.scans().index:
            found[one] = f"same person, {session}" if session else "same person"
    for one in similar_ids(run, scan_id, _N_SIMILAR):
        found.setdefault(one, "looks alike")
    for cluster in range(1, run.info().n_clusters + 1):
        for one in typical_ids(run, cluster, _N_OF_CLUSTER):
            found.setdefault(one, f"typical of cluster {cluster}")
        for one in borderline_ids(run, cluster, _N_OF_CLUSTER):
            found.setdefault(one, f"borderline in cluster {cluster}")
    found.pop(scan_id, None)
    return found


def _same_subject(study: Study, scan_id: str) -> dict[str, str]:
    """Other scans of the same subject, and their sessions."""
    table = study.scans()
    subject = table.at[scan_id, "subject_id"]
    own = table[(table["subject_id"] == subject) & (table.index != scan_id)]
    sessions = own.get("session", pd.Series("", index=own.index))
    return {str(one): str(session or "") for one, session in sessions.items()}
