"""At which level the means are cut: each at its own peak, all at the same, or many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import streamlit as st

from clam_core.figures.slice_style import PLANE_AXIS, Plane
from pages.clusters import data
from pages.shell.place import Place

OWN, SAME, MOSAIC = "each at its own peak", "the same in all", "mosaic of levels"
LEVELS = (OWN, SAME, MOSAIC)


@dataclass(frozen=True)
class Level:
    """How the pictures of all clusters are cut.

    Attributes:
        plane: Which way.
        index: The slice of all; None where each has its own.
        away: Slices above the own peak.
        is_mosaic: Whether many levels are shown.
    """

    plane: Plane = "axial"
    index: int | None = 0
    away: int = 0
    is_mosaic: bool = False

    def cut(self, here: Place, cluster: int) -> data.Cut:
        """Plane and slice of one cluster's pictures."""
        if self.index is not None:
            return self.plane, self.index
        n_slices = data.grid(here)[PLANE_AXIS[self.plane]]
        wanted = data.peak_slice(here, cluster, self.plane) + self.away
        return self.plane, min(n_slices - 1, max(0, wanted))


def choose_level(here: Place) -> Level:
    """Ask for plane and level, all in the address; 2D has neither."""
    if len(data.grid(here)) < 3:
        return Level()
    with _in_a_row():
        plane = choose_plane()
        if here.fitted.info().given is not None:
            return Level(plane, slice_of_all(here, plane))  # without maps there are no peaks
        how = st.segmented_control(
            "Level", LEVELS, default=OWN, required=True, key="level", bind="query-params"
        )
        if how == MOSAIC:
            return Level(plane, is_mosaic=True)
        if how == SAME:
            return Level(plane, slice_of_all(here, plane))
        return Level(plane, None, _away_from_peak(here, plane))


def _in_a_row() -> st.delta_generator.DeltaGenerator:
    """Controls beside each other; on a narrow screen below, and none of them cut off."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap="medium")


def _away_from_peak(here: Place, plane: Plane) -> int:
    """How many slices above the own peak of each cluster."""
    half = data.grid(here)[PLANE_AXIS[plane]] // 2
    return int(
        st.slider(
            "Slices away from the peak, in all",
            -half,
            half,
            0,
            key=f"away_{plane}",
            bind="query-params",
            help="At 0 each cluster is cut where the mean of its maps is strongest.",
        )
    )


def choose_plane(suffix: str = "") -> Plane:
    """Which way pictures are cut."""
    planes: tuple[Plane, ...] = get_args(Plane)
    chosen: Plane = st.segmented_control(
        "Plane",
        planes,
        default="axial",
        required=True,
        key=f"plane{suffix}",
        bind="query-params",
    )
    return chosen


def slice_of_all(here: Place, plane: Plane, suffix: str = "") -> int:
    """One slice for all pictures; it starts where all maps together are strongest."""
    return int(
        st.slider(
            "Slice of all pictures",
            0,
            data.grid(here)[PLANE_AXIS[plane]] - 1,
            data.strongest_slice(here, plane),
            key=f"slice{suffix}_{plane}",
            bind="query-params",
            help="It starts where the maps are strongest. The arrow keys move it as well.",
        )
    )


def choose_cut(here: Place, suffix: str = "") -> data.Cut:
    """Plane and slice, both in the address under their names and a suffix; 2D has neither."""
    if len(data.grid(here)) < 3:
        return "axial", 0
    with _in_a_row():
        plane = choose_plane(suffix)
        return plane, slice_of_all(here, plane, suffix)
