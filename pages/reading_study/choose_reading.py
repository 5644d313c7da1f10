"""The reading studies of a study: how far every reader is, where to go on, what came out."""

from __future__ import annotations

import streamlit as st

from clam_core.errors import ClamError
from clam_core.reading_study.blind_order import PARTS, Part
from clam_core.study.readings.reading import Reading, readings_of
from clam_core.study.readings.results import progress_of
from clam_core.wording import plural
from pages.reading_study.results_view import show_results
from pages.reading_study.seats import sit_down
from pages.shared.tables import table
from pages.shell.blind_readers import is_blind, reader_name
from pages.shell.place import Place
from pages.shell.text import plain, sentences

_PARTS: dict[Part, str] = {"scores": "Scores", "maps": "Rating of maps"}


def show_readings(here: Place) -> None:
    """All reading studies, the newest name last."""
    found = readings_of(here.study)
    if not found:
        st.info("There is no reading study yet. Make one below.")
    for reading in found:
        with sentences(), st.container(border=True):
            _show(reading)


def _show(reading: Reading) -> None:
    protocol = reading.protocol()
    st.header(plain(protocol.title or f"Reading study {reading.name!r}"), anchor=False)
    items = ", ".join(item.label.rstrip("?") for item in protocol.items if item.kind != "text")
    st.caption(plain(f"{plural(len(protocol.scans), 'scan')}. {items}. Made on {protocol.made}."))
    rows = progress_of(reading)
    shown = rows.assign(
        part=rows["part"].map(_PARTS),
        cases=[f"{done} of {of}" for done, of in zip(rows["n_done"], rows["n_cases"], strict=True)],
        minutes=rows["minutes"].round().astype(int),
        locked=rows["locked"].map({True: "locked", False: "open"}),
    )[["reader", "part", "cases", "minutes", "locked"]]
    shown.columns = ["Reader", "Part", "Cases", "Minutes", "State"]
    table(shown, "How far every reader is.", hide_index=True, width="content")
    who = reader_name()
    if who is not None and is_blind(reading, who):
        _offer(reading, who)
        st.caption("What others said is shown to you once all have locked.")
        return
    if who is None:
        _offer_all(reading)
    if reading.is_locked():
        show_results(reading)
    else:
        st.caption("Agreement and scores are shown once every reader has locked.")
    _offer_end(reading)


def _offer_all(reading: Reading) -> None:
    """Without a login everybody says who he is; that he is so rests on honesty."""
    readers = [one for one in reading.protocol().readers if _next_part(reading, one) is not None]
    if not readers:
        return
    key = f"reader-of-{reading.name}"
    chosen = st.segmented_control("Who are you?", readers, key=key, format_func=plain)
    if chosen:
        _offer(reading, chosen)


def _offer(reading: Reading, reader: str) -> None:
    part = _next_part(reading, reader)
    if part is None:
        return
    n_done, n_cases = len(reading.answers(reader, part)), len(reading.cases(reader, part))
    verb = "Begin" if n_done == 0 else "Go on" if n_done < n_cases else "Lock"
    what = "to score scans" if part == "scores" else "to rate maps"
    st.button(
        f"{verb} {what} ({n_done} of {n_cases})" if verb != "Lock" else "All done: lock",
        key=f"sit-{reading.name}-{reader}",
        on_click=sit_down,
        args=(reading, reader, part),
        type="primary",
        icon=":material/visibility:",
    )


def _next_part(reading: Reading, reader: str) -> Part | None:
    """What a reader has to do next."""
    protocol = reading.protocol()
    parts = [part for part in PARTS if part == "scores" or protocol.maps is not None]
    return next((part for part in parts if reading.locked(reader, part) is None), None)


def _offer_end(reading: Reading) -> None:
    """Lock for a reader who will not finish, so that the others' work can be read."""
    left = [
        (reader, part) for reader in reading.protocol().readers
        if (part := _next_part(reading, reader)) is not None
    ]  # fmt: skip
    if not left or not reading.is_started:
        return
    with st.expander("A reader will not finish"):
        st.markdown(
            "You can end the part of a reader who will not go on. The cases without an answer stay "
            "empty, and the results say so. This cannot be undone."
        )
        names = [f"{reader}: {_PARTS[part].lower()}" for reader, part in left]
        chosen = st.selectbox("Whose part", names, index=None, key=f"end-{reading.name}")
        sure = st.checkbox("End it without the missing cases", key=f"sure-{reading.name}")
        if st.button("End this part", disabled=not (chosen and sure), key=f"do-{reading.name}"):
            reader, part = left[names.index(str(chosen))]
            try:
                reading.lock(reader, part, unfinished=True)
            except ClamError as error:
                st.error(plain(str(error)))
            else:
                st.rerun()
