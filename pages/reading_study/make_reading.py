"""Make a reading study: who reads what, and whether maps are rated afterwards."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from clam_core.files.given_names import name_fault
from clam_core.pipeline.reading.make_protocol import ProtocolWish, make_protocol
from clam_core.reading_study.protocol import KINDS, Item
from clam_core.reading_study.ready_items import READY_ITEMS
from clam_core.study.readings.reading import reading_names
from pages.shell.place import Place
from pages.shell.start_job import start
from pages.shell.text import plain, sentences

_SETS = {
    "fibrosis": "Fibrosis (ILD)",
    "sarcoidosis": "Sarcoidosis",
    "emphysema": "Emphysema, in six zones",
    "one_grade": "One grade of severity",
    "own": "Items of my own",
}
_KIND_WORDS = {
    "grades": "grades 0 to 4",
    "percent": "percent",
    "yes_no": "yes or no",
    "choice": "one of several words",
    "text": "free text",
}
_EMPTY = pd.DataFrame(
    {"Question": ["Severity", ""], "Scale": ["grades 0 to 4", "grades 0 to 4"],
     "Words (with commas)": ["", ""], "Six zones": [False, False]}
)  # fmt: skip
_MOST_USUAL = 100


def usual_number(n_ready: int) -> int:
    """Scans that are proposed for reading: all, or in a large study what people can read."""
    return max(2, min(n_ready, _MOST_USUAL))


def show_make(here: Place) -> None:
    """The form; it starts nothing before the button is pressed."""
    is_first = not reading_names(here.study)
    with st.expander("Make a reading study", expanded=is_first), sentences():
        st.caption("Everything is fixed with the first answer, so that nobody can choose later.")
        wish, faults = _wish(here)
        _show_items(wish)
        for fault in faults:
            st.caption(plain(fault))
        if st.button("Make the reading study", type="primary", disabled=bool(faults)):
            _make(here, wish)


def _wish(here: Place) -> tuple[dict[str, Any], list[str]]:
    """What was chosen, as options of the step, and what is missing."""
    left, right = st.columns(2)
    name = left.text_input("Name", _free_name(here), key="reading-name", max_chars=64)
    title = right.text_input("What it is about (optional)", key="reading-title", max_chars=200)
    readers = _readers(
        left.text_input(
            "Readers, with commas",
            key="reading-readers",
            placeholder="KB, SM",
            help="Names or initials. Where people log in, the names by which they log in.",
        )
    )
    items = right.selectbox("What is scored", list(_SETS), format_func=_SETS.__getitem__,
                            key="reading-items")  # fmt: skip
    n_ready = len(here.study.ready())
    n_scans = left.number_input(
        "Scans, drawn at random", 2, max(2, n_ready), usual_number(n_ready),
        key="reading-scans",
    )  # fmt: skip
    repeats = right.slider("Shown twice to measure agreement with oneself", 0, 50, 10, 5,
                           format="%d %%", key="reading-repeats")  # fmt: skip
    agreed = left.selectbox("Several readers become one value by", ["mean", "median", *readers],
                            key="reading-agreed", format_func=_rule_words)  # fmt: skip
    wish: dict[str, Any] = {
        "name": name.strip(), "title": title, "readers": readers, "items": items,
        "draw": None if n_scans >= n_ready else int(n_scans), "repeats": repeats / 100,
        "agreed": agreed,
    }  # fmt: skip
    if items == "own":
        wish["items"] = _own_items()
    wish |= _maps(here, right)
    faults = []
    if fault := name_fault(wish["name"]):
        faults.append(f"The name cannot be used: {fault}.")
    if not readers:
        faults.append("Name at least one reader; two or more to see how far they agree.")
    return wish, faults


def _maps(here: Place, where: Any) -> dict[str, Any]:  # noqa: ANN401
    """Whether maps are rated, and how many."""
    run = here.run
    if run is None or here.stale or run.info().localized is None:
        where.caption("Maps can be rated as well once a run has maps.")
        return {}
    if not where.checkbox(
        "Afterwards, rate whether the maps point at disease",
        key="reading-maps",
        help="Every map is shown once, and once a control: the map of another cluster or scan, "
        "or smooth noise. Readers are not told which is which.",
    ):
        return {}
    n_maps = where.number_input("Maps at the most", 2, 500, 20, key="reading-n-maps")
    return {"maps_of": run.name, "maps": int(n_maps)}


def _own_items() -> list[Item]:
    """A table of items; a name for each column is made from its question."""
    edited = st.data_editor(
        _EMPTY,
        num_rows="dynamic",
        hide_index=True,
        key="reading-own-items",
        column_config={
            "Scale": st.column_config.SelectboxColumn(
                options=[_KIND_WORDS[kind] for kind in KINDS], required=True
            ),
            "Words (with commas)": st.column_config.TextColumn(
                help="The meaning of each grade, or the words to choose from."
            ),
        },
    )
    kinds = {words: kind for kind, words in _KIND_WORDS.items()}
    items = []
    for row in edited.to_dict("records"):
        label = str(row["Question"] or "").strip()
        if not label:
            continue
        words = tuple(one.strip() for one in str(row["Words (with commas)"] or "").split(","))
        kind = kinds.get(str(row["Scale"]), "grades")
        given = tuple(one for one in words if one)
        values: dict[str, Any] = {"kind": kind, "words": given, "zones": bool(row["Six zones"])}
        if kind == "grades" and len(given) > 1:
            values["highest"] = len(given) - 1
        items.append(Item(name=_column_name(label), label=label, **values))
    return items


def _column_name(label: str) -> str:
    letters = "".join(one if one.isascii() and one.isalnum() else "_" for one in label.lower())
    name = "_".join(part for part in letters.split("_") if part)
    return (name if name[:1].isalpha() else f"item_{name}")[:40].strip("_")


def _show_items(wish: dict[str, Any]) -> None:
    items = wish["items"]
    chosen = READY_ITEMS.get(items, ()) if isinstance(items, str) else items
    words = [f"{one.label} ({_scale(one)})" for one in chosen]
    if words:
        st.caption(plain("; ".join(words)))


def _scale(item: Item) -> str:
    if item.kind == "grades":
        return f"{item.lowest} to {item.highest}{', six zones' if item.zones else ''}"
    return _KIND_WORDS[item.kind]


def _make(here: Place, wish: dict[str, Any]) -> None:
    """At once, or as a job where control maps have to be computed."""
    if wish.get("maps_of"):
        items = wish["items"]
        if not isinstance(items, str):
            items = json.dumps([one.model_dump(mode="json") for one in items])
        options = {**wish, "items": items, "readers": list(wish["readers"])}
        start(here.study.name, "reading-protocol", options)
        return
    options = {"n_scans": "draw", "n_maps": "maps"}
    given = {own: wish[name] for own, name in options.items() if name in wish}
    same = ("name", "title", "readers", "items", "repeats", "agreed", "maps_of")
    given |= {name: wish[name] for name in same if name in wish}
    with st.spinner("Making the reading study"):
        made = make_protocol(here.study, ProtocolWish(**given))
    st.toast(made.sentences[0])
    st.rerun()


def _readers(text: str) -> list[str]:
    names = (one.strip() for one in text.split(","))
    return list(dict.fromkeys(name for name in names if name))


def _rule_words(rule: str) -> str:
    return {"mean": "their mean", "median": "their median"}.get(rule, f"what {rule} said")


def _free_name(here: Place) -> str:
    taken = set(reading_names(here.study))
    names = ("reading", *(f"reading-{number}" for number in range(2, 1000)))
    return next(name for name in names if name not in taken)
