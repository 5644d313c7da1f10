"""The browser's side of the viewer: our scripts, and the bytes that they are sent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components import v1

from clam_core.figures.slice_style import AGAINST_STOPS, FOR_STOPS, MASK_COLOR, color_table

ASSETS = Path(__file__).resolve().parents[2] / "assets"


@dataclass(frozen=True, eq=False)
class Pane:
    """One scan as the browser gets it.

    Attributes:
        title: What is written on it.
        alt: The same for those who cannot see it.
        volume: int16, RAS+; a 2D scan has two axes.
        affine: Shape (4, 4), mm.
        overlay: Map in [-1, 1] on the same grid, or None.
        mask: On the same grid, or None.
        peak: Voxel at which the pane opens.
        ticket: Opens the scan at its own resolution; None where there is only this copy.
        speaks: What the map speaks for, beside its colour bar.
        is_sized: Whether it is known how large a pixel is; pictures do not say it.
    """

    title: str
    alt: str
    volume: NDArray[np.int16]
    affine: NDArray[np.float64]
    overlay: NDArray[np.floating] | None
    mask: NDArray[np.bool_] | None
    peak: tuple[int, ...]
    ticket: str | None = None
    speaks: str = "for"
    is_sized: bool = True


def _digest_of_scripts() -> str:
    """Changes with any of the scripts, so that no browser mixes old and new ones."""
    scripts = sorted(ASSETS.glob("reading_*.js"))
    content = b"".join(script.read_bytes() for script in scripts)
    return hashlib.blake2b(content, digest_size=6).hexdigest()


_SCRIPTS = f"scripts_{_digest_of_scripts()}"
# A component of the first kind serves the files of a folder; nothing else of it is used.
v1.declare_component(_SCRIPTS, path=str(ASSETS))

_VIEWER = st.components.v2.component(
    "clam_viewer",
    html=(ASSETS / "viewer.html").read_text(encoding="utf-8"),
    css=(ASSETS / "viewer.css").read_text(encoding="utf-8"),
    js=(ASSETS / "viewer.js").read_text(encoding="utf-8"),
)


_VOLUME = st.components.v2.component(
    "clam_volume",
    html="<span></span>",
    js=(ASSETS / "viewer_store.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class Packed:
    """What the browser is sent.

    Attributes:
        head: JSON that says what to show, and names the volumes by the digests of their content.
        volumes: Digest and NIfTI file of each volume, by what it is: `0-scan`, `0-map`.
    """

    head: str
    volumes: dict[str, bytes]


def mount(packed: Packed, key: str, on_close: Callable[[], None] | None = None) -> Any:  # noqa: ANN401
    """Draw the viewer; its `view` is what the user last chose.

    Each volume is an element of its own: the framework sends an element again only where
    the browser says that it no longer has it, so that another map costs only the map.
    """
    with st.container(gap=None):
        told = _VIEWER(
            data=packed.head,
            key=key,
            on_view_change=lambda: None,
            on_closed_change=on_close or (lambda: None),
            default={"view": None},
        )
        for name, content in packed.volumes.items():
            _VOLUME(data=content, key=f"{key}-{name}")
    return told


@cache
def _colors() -> dict[str, Any]:
    """Colours of a map from weak to strong (red, green, blue), and of lines."""
    stops = {"for": FOR_STOPS, "against": AGAINST_STOPS}
    tables = {name: color_table(values, 128).tolist() for name, values in stops.items()}
    lines = {name: values[len(values) // 2] for name, values in stops.items()}
    lines["mask"] = "#{:02x}{:02x}{:02x}".format(*MASK_COLOR)
    return {"tables": tables, "lines": lines}


def pack(panes: list[Pane], settings: dict[str, Any]) -> Packed:
    """Everything that the browser needs.

    Args:
        panes: One scan, or two side by side.
        settings: view, windows, unit, smooth, diverging.
    """
    described: list[dict[str, Any]] = []
    volumes = {}
    for number, pane in enumerate(panes):
        files = {"scan": nifti_bytes(_solid(pane.volume), pane.affine)}
        if pane.overlay is not None:
            overlay = np.rint(127 * np.clip(pane.overlay, -1, 1)).astype(np.int8)
            files["map"] = nifti_bytes(_solid(overlay), pane.affine, 1 / 127)
        if pane.mask is not None:
            files["mask"] = nifti_bytes(_solid(pane.mask).astype(np.uint8), pane.affine)
        described.append(
            {
                "title": pane.title,
                "alt": pane.alt,
                "peak": [*pane.peak, 0][:3],
                "shape": list(_solid(pane.volume).shape),
                "sized": pane.is_sized,
                "affine": np.asarray(pane.affine, float).tolist(),
                "voxels": None if pane.ticket is None else {"ticket": pane.ticket},
            }
        )
        if pane.overlay is not None:
            described[-1]["speaks"] = pane.speaks
        for name, content in files.items():
            digest = hashlib.blake2b(content, digest_size=10).hexdigest()
            described[-1][name] = {"id": digest}
            # The digest goes in front: by it the browser's script knows which volume has come.
            volumes[f"{number}-{name}"] = digest.encode() + content
    scripts = f"component/{__name__}.{_SCRIPTS}"
    head = {**settings, "scripts": scripts, "colors": _colors(), "panes": described}
    return Packed(json.dumps(head), volumes)


def _solid(array: NDArray[np.generic]) -> NDArray[np.generic]:
    """A 2D scan as the only slice of a volume."""
    return array if array.ndim == 3 else array[:, :, None]


def nifti_bytes(
    array: NDArray[np.generic], affine: NDArray[np.float64], slope: float = 1.0
) -> bytes:
    """An array as an uncompressed NIfTI file; its values are multiplied by `slope` when read."""
    import nibabel as nib

    make: Any = nib.Nifti1Image  # which has no types
    image = make(array, affine)
    image.header.set_slope_inter(slope, 0)
    image.header.set_xyzt_units("mm")
    header = image.header.copy()
    header["vox_offset"] = 352
    # 348 bytes of header and four that say "no extensions"; NIfTI has the first axis fastest.
    return bytes(header.binaryblock) + bytes(4) + array.tobytes(order="F")
