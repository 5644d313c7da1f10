"""What is said under a map: where it lies, whether it moved the assignment, what that means."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from clam_core.settings.verdicts import MORE_THAN_PLAIN, SAME_MAP
from pages.shell.place import Place
from pages.shell.status import stale_badge
from pages.shell.text import plain
from pages.viewer.choose_map import ShownMap

DOES_NOT_PROVE = (
    "**What this does not prove.** It shows what the software used to tell this cluster from "
    "others. It does not show that the place is diseased, that nothing else is, or that the "
    "cluster means anything for the patient."
)


def show_evidence(here: Place, shown: ShownMap) -> None:
    """Sentence, badge and the panel behind it, for a map of the run."""
    origin = "The stored map" if shown.is_stored else "Made on demand, not stored"
    stale_badge(here)
    show_line(shown.line, origin, _randomization(here, shown))


def show_line(line: dict[str, Any], origin: str, randomization: float | None) -> None:
    """Sentence, badge and the panel behind it.

    Args:
        line: What was measured of the map.
        origin: Where the map comes from, in words.
        randomization: Correlation with maps of a random encoder; None where unknown.
    """
    st.markdown(plain(str(line["sentence"])))
    with st.container(horizontal=True, vertical_alignment="center"):
        if line["moved_as_it_should"]:
            st.badge("Moved the assignment as it should", icon=":material/check:", color="green")
        else:
            said = "Did not move the assignment as it should"
            st.badge(said, icon=":material/warning:", color="orange")
        st.caption(origin)
    with st.expander("Can this map be trusted?"):
        for sentence in evidence_sentences(line, randomization):
            st.markdown(sentence)
        st.markdown(DOES_NOT_PROVE)


def where_it_lies(
    line: dict[str, Any], values: NDArray[np.floating], mask: NDArray[np.bool_] | None
) -> dict[str, Any]:
    """The line of a map with a sentence that fits empty maps and scans without a mask as well.

    Args:
        line: What was measured of the map; its sentence tells zones and densities in a mask.
        values: The map.
        mask: Of the scan, or None.
    """
    if not np.any(values):
        said = "The map is empty: nothing in this scan speaks for the cluster."
    elif mask is None:
        said = (
            "This scan has no mask, so the map covers the whole picture, its background included, "
            "and no zones can be named."
        )
    else:
        return line
    return {**line, "sentence": said}


def evidence_sentences(line: dict[str, Any], randomization: float | None) -> list[str]:
    """One sentence for each test of a map, with its numbers.

    Args:
        line: Of the run's table of maps.
        randomization: Correlation with maps of a random encoder; None where unknown.
    """
    number = {name: float(line[name]) for name in _NUMBERS}
    faster = "faster" if number["deletion_auc"] < number["random_deletion_auc"] else "no faster"
    sooner = "faster" if number["insertion_auc"] > number["random_insertion_auc"] else "no faster"
    said = [
        "**Deletion.** Where the map is strongest, the scan was replaced bit by bit by the "
        f"cohort's median. The confidence fell {faster} than with random maps (area under the "
        f"curve {number['deletion_auc']:.2f}, best random map "
        f"{number['random_deletion_auc']:.2f}; lower is better).",
        "**Insertion.** Put back in the same order, the scan regained its confidence "
        f"{sooner} than with random maps (area {number['insertion_auc']:.2f}, best random map "
        f"{number['random_insertion_auc']:.2f}; higher is better).",
        "**What the map keeps.** With only what the map shows, the confidence "
        + ("rises." if line["increased"] else f"loses {number['drop']:.0%} of its value."),
    ]
    said += _beside_other_maps(line)
    completeness = line.get("completeness")
    if completeness is not None and np.isfinite(completeness):
        said.append(
            "**Completeness.** The evidence of all places adds up to the score that it explains, "
            f"to within {float(completeness):.2%}."
        )
    if randomization is not None:
        said.append(
            "**Randomisation.** With random weights in the network, the maps of this run correlate "
            f"{randomization:.2f} with the real ones. Near 1 they would show the picture rather "
            "than what the network has learned."
        )
    return said


def _beside_other_maps(line: dict[str, Any]) -> list[str]:
    """What the map is held against; maps of earlier versions have no such numbers."""
    known = {
        name: float(line[name])
        for name in ("selectivity", "plain_selectivity", "other_likeness", "random_likeness")
        if line.get(name) is not None and np.isfinite(float(line[name]))
    }
    said = []
    if "selectivity" in known and "plain_selectivity" in known:
        own, plain_one = known["selectivity"], known["plain_selectivity"]
        enough = "more" if own - plain_one >= MORE_THAN_PLAIN else "not clearly more"
        said.append(
            "**Against a picture without any software.** Where the scan simply differs most from "
            f"the cohort's median is a map, too. With as much of the difference replaced, this map "
            f"moves the confidence {enough} (gain {own:.2f}, the plain difference "
            f"{plain_one:.2f}; at least {MORE_THAN_PLAIN:.2f} more is needed)."
        )
    for name, what in (
        ("other_likeness", "**Against the other cluster.** The map of this scan for the cluster "
                           "next in line"),
        ("random_likeness", "**Against random weights.** The map of this scan by a network that "
                            "has learned nothing"),
    ):  # fmt: skip
        if name in known:
            verdict = "too alike" if known[name] >= SAME_MAP else "another map"
            said.append(
                f"{what} correlates {known[name]:.2f} with it: {verdict} (below {SAME_MAP:g} is "
                "needed)."
            )
    if "selectivity" in known and "random_likeness" not in known:
        said.append(
            "**Against random weights.** Not tested for this map, and the badge does not count it: "
            "only maps that are made for all scans of a run, by a network, are."
        )
    return said


_NUMBERS = ("deletion_auc", "random_deletion_auc", "insertion_auc", "random_insertion_auc", "drop")


def _randomization(here: Place, shown: ShownMap) -> float | None:
    """The check of the stored maps; it says nothing about maps of another kind."""
    localized = here.fitted.info().localized
    if localized is None or not shown.is_stored or localized.get("randomization") is None:
        return None
    return float(localized["randomization"])
