"""Which map is shown on a scan: for which cluster, rather than which other, which kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from clam_core.settings import LocalizeSettings, LocalizeVariant
from clam_core.settings.brought_encoder import MapsOfEncoder
from clam_core.settings.map_variants import MAP_WORDS, kinds_of_encoder
from clam_core.settings.on_disk import read_stored
from clam_core.study import read_names
from pages.shared.stored_map import stored_map
from pages.shell.place import Place
from pages.viewer.map_worker import explained
from pages.viewer.view_address import put

NOTHING, REST = 0, 0
_FIELD = 168
"""Width of a selector: the name of a cluster and "own" fit."""

KINDS = {variant: words.choice for variant, words in MAP_WORDS.items()}
_MAIN, _OTHER = {kind: KINDS[kind] for kind in ("integrated", "paper")}, "other"
_WITHOUT_SIGN = frozenset({"paper", "score_cam", "grad_cam"})


@dataclass(frozen=True)
class MapChoice:
    """The map that was asked for.

    Attributes:
        cluster: From 1; `NOTHING` shows the scan alone.
        rather_than: The cluster held against it, from 1; `REST` is all others.
        kind: Variant by name.
        signed: Whether what speaks against the cluster is shown as well.
        native: Whether the map is shown at the resolution that it was computed at.
    """

    cluster: int
    rather_than: int = REST
    kind: LocalizeVariant = "integrated"
    signed: bool = False
    native: bool = False

    @property
    def settings(self) -> LocalizeSettings:
        """What the map is made with."""
        pair = (self.cluster, self.rather_than)
        return LocalizeSettings(
            variant=self.kind, target=self.cluster if self.rather_than == REST else pair
        )


@dataclass(frozen=True, eq=False)
class ShownMap:
    """A map ready to be drawn.

    Attributes:
        values: In [-1, 1], shape of the grid.
        line: What was measured of it.
        is_stored: Whether it is the one that the step localize stored.
    """

    values: NDArray[np.floating]
    line: dict[str, Any]
    is_stored: bool


def choose_map(here: Place, scan_id: str, key: str) -> MapChoice:
    """Draw the choices and say what was chosen; they are in the address."""
    if here.fitted.info().given is not None:
        return MapChoice(NOTHING)
    own = int(here.fitted.scans()["cluster"][scan_id])
    stored = stored_settings(here)
    clusters = [own, *(c for c in range(1, here.fitted.info().n_clusters + 1) if c != own)]
    names = _names(here, own)
    what = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
    with what:
        options = {**{c: names[c] for c in clusters}, NOTHING: "No map"}
        first = own if stored else NOTHING
        # The scan is in the key: another scan starts with its own cluster, not the last choice.
        cluster = _pick("Map for", "map", options, first, f"{key}-{scan_id}")
        if cluster == NOTHING:
            return MapChoice(NOTHING)
        options = {REST: "all others", **{c: names[c] for c in clusters if c != cluster}}
        against = _pick("Rather than", "against", options, REST, f"{key}-{scan_id}-{cluster}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        kind = _choose_kind(here, stored.variant if stored else "integrated", key)
        native = _switch("As computed, not smoothed", "native", key, usual=False)
    with what:
        is_pair = against != REST
        signed = kind not in _WITHOUT_SIGN and _switch(
            "Evidence against, too", "against-too", f"{key}-{is_pair}", usual=is_pair
        )
    return MapChoice(cluster, against, kind, signed, native)


def _choose_kind(here: Place, usual: LocalizeVariant, key: str) -> LocalizeVariant:
    """The two maps of the method one click apart, other ways behind a third choice."""
    encoder = here.fitted.info().encoder
    if encoder is not None:
        return _kind_of_encoder(encoder.maps, usual, key)
    wanted = st.query_params.get("kind", usual)
    start = wanted if wanted in KINDS else usual
    groups = {**_MAIN, _OTHER: "Others"}
    shown = st.segmented_control(
        "Kind of map",
        list(groups),
        format_func=groups.__getitem__,
        default=start if start in _MAIN else _OTHER,
        required=True,
        key=f"{key}-kind",
    )
    chosen = str(shown)
    if chosen == _OTHER:
        others = [kind for kind in KINDS if kind not in _MAIN]
        first = others.index(start) if start in others else 0
        chosen = st.selectbox(
            "Which other way", others, first, KINDS.__getitem__, key=f"{key}-yardstick"
        )
    kind: LocalizeVariant = next(name for name in KINDS if name == chosen)
    put(st.query_params, "kind", kind, usual)
    return kind


def _kind_of_encoder(maps: MapsOfEncoder, usual: LocalizeVariant, key: str) -> LocalizeVariant:
    """Kinds of map that an encoder from elsewhere can have, all one click apart."""
    known = kinds_of_encoder(maps)
    usual = usual if usual in known else known[0]
    wanted = st.query_params.get("kind", usual)
    kind: LocalizeVariant = st.segmented_control(
        "Kind of map",
        known,
        format_func=KINDS.__getitem__,
        default=next((one for one in known if one == wanted), usual),
        required=True,
        key=f"{key}-kind",
    )
    put(st.query_params, "kind", kind, usual)
    return kind


def shown_map(here: Place, scan_id: str, choice: MapChoice) -> ShownMap | None:
    """The stored map where it is the one asked for; any other is made on demand.

    Raises:
        ClamError: If it cannot be made.
    """
    if choice.cluster == NOTHING:
        return None
    if not choice.signed and not choice.native:
        stored = _stored(here, scan_id, choice)
        if stored is not None:
            return stored
    with st.spinner(
        "Making this map. The first one takes up to half a minute, the next ones a few seconds."
    ):
        line, arrays = explained(here, scan_id, choice.settings)
    values = arrays["signed"].astype(np.float32)
    if choice.native and "nodes" in arrays:
        is_even = here.fitted.info().encoder is not None
        blocks = _blocks(arrays["nodes"].astype(np.float32), values.shape, is_even=is_even)
        values = np.where(values == 0, 0, blocks)  # what is cut off stays cut off
    return ShownMap(_scaled(values, signed=choice.signed), line, is_stored=False)


def stored_settings(here: Place) -> LocalizeSettings | None:
    """What the stored maps were made with; None where there are none."""
    localized = here.fitted.info().localized
    if localized is None:
        return None
    where = f"'run.json' of the run {here.fitted.name!r}"
    return read_stored(LocalizeSettings, localized["settings"], where)


def _stored(here: Place, scan_id: str, choice: MapChoice) -> ShownMap | None:
    settings = stored_settings(here)
    if settings is None or settings.variant != choice.kind:
        return None
    table = here.fitted.maps()
    if scan_id not in table.index or not table.loc[scan_id, "done"]:
        return None
    line: dict[str, Any] = {str(name): value for name, value in table.loc[scan_id].items()}
    if (int(line["explained"]), int(line["rather_than"])) != (choice.cluster, choice.rather_than):
        return None
    values = stored_map(here.fitted, scan_id)
    return None if values is None else ShownMap(values, line, is_stored=True)


def _scaled(values: NDArray[np.float32], *, signed: bool) -> NDArray[np.float32]:
    """Scaled to a largest value of 1, either of what speaks for, or of both."""
    shown = values if signed else values.clip(min=0)
    largest = float(np.abs(shown).max())
    scale = np.float32(largest if largest > 0 else 1)  # nothing is shown of an empty map
    return (shown / scale).astype(np.float32, copy=False)


def _blocks(
    nodes: NDArray[np.float32], shape: tuple[int, ...], *, is_even: bool
) -> NDArray[np.float32]:
    """Every node of a layer as a block of voxels, without interpolation.

    Those of our own network lie on a padded grid; others are spread evenly over the grid.
    """
    for axis, n_voxels in enumerate(shape):
        if is_even:
            place = np.arange(n_voxels) * nodes.shape[axis] // n_voxels
            nodes = np.take(nodes, place, axis=axis)
            continue
        # The padded grid is less than twice the grid: the next power of two is the layer's step.
        per_node = 1 << max(0, int(np.ceil(np.log2(n_voxels / nodes.shape[axis]))))
        wide = np.repeat(nodes, per_node, axis=axis)
        nodes = np.take(wide, np.arange(n_voxels), axis=axis)
    return nodes


def _names(here: Place, own: int) -> dict[int, str]:
    given = read_names(here.fitted)
    names = {}
    for cluster in range(1, here.fitted.info().n_clusters + 1):
        note = given.get(cluster, "") + (", own" if cluster == own else "")
        names[cluster] = f"Cluster {cluster}" + (f" ({note.strip(', ')})" if note else "")
    return names


def _pick(label: str, name: str, options: dict[int, str], usual: int, key: str) -> int:
    """A selector whose value is in the address."""
    wanted = st.query_params.get(name, "")
    start = int(wanted) if wanted.isdecimal() and int(wanted) in options else usual
    chosen = st.selectbox(
        label,
        list(options),
        index=list(options).index(start),
        format_func=options.__getitem__,
        key=f"{key}-{name}",
        width=_FIELD,
    )
    put(st.query_params, name, str(chosen), str(usual))
    return int(chosen)


def _switch(label: str, name: str, key: str, *, usual: bool) -> bool:
    """A switch whose value is in the address."""
    wanted = st.query_params.get(name)
    start = usual if wanted not in {"0", "1"} else wanted == "1"
    chosen = st.toggle(label, value=start, key=f"{key}-{name}")
    put(st.query_params, name, str(int(chosen)), str(int(usual)))
    return bool(chosen)
