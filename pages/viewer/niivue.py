"""The browser's side of the viewer: NiiVue, our script, and the bytes that they are sent."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import tempfile
import urllib.parse
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
_EMBEDDED = re.compile(r"[\"'`]([A-Za-z0-9\-_.!~*'()%]{500000,})[\"'`]")
_EXPORTS = re.compile(r"export\{[^}]*\bNiivue\b[^}]*\}")


@dataclass(frozen=True, eq=False)
class Pane:
    """One scan as the browser gets it.

    Attributes:
        title: What is written on it.
        alt: The same for those who cannot see it.
        volume: int16, RAS+.
        affine: Shape (4, 4), mm.
        overlay: Map in [-1, 1] on the same grid, or None.
        mask: On the same grid, or None.
        peak: Voxel at which the pane opens.
    """

    title: str
    alt: str
    volume: NDArray[np.int16]
    affine: NDArray[np.float64]
    overlay: NDArray[np.floating] | None
    mask: NDArray[np.bool_] | None
    peak: tuple[int, ...]


def niivue_folder() -> Path:
    """Folder with `niivue.js`, taken out of the installed `ipyniivue` once per version.

    The package holds NiiVue's whole ES module as one percent-encoded string, so that
    nothing has to be fetched from outside and nothing foreign lies in our repository.

    Raises:
        RuntimeError: If the installed version holds no such module.
    """
    version = importlib.metadata.version("ipyniivue")
    folder = _cache_folder() / f"niivue-{version}"
    if not (folder / "niivue.js").is_file():
        _write_whole(folder / "niivue.js", niivue_module())
    return folder


def niivue_module() -> str:
    """Source of NiiVue's ES module.

    Raises:
        RuntimeError: If the installed `ipyniivue` holds no such module.
    """
    found = importlib.util.find_spec("ipyniivue")
    if found is None or found.origin is None:
        raise RuntimeError("The package ipyniivue is not installed; see requirements.txt.")
    source = (Path(found.origin).parent / "static" / "widget.js").read_text(encoding="utf-8")
    embedded = max(_EMBEDDED.findall(source), key=len, default="")
    module = urllib.parse.unquote(embedded)
    if not _EXPORTS.search(module[-3000:]):
        raise RuntimeError(
            "This version of ipyniivue holds no NiiVue module; see requirements.txt."
        )
    return module


def _cache_folder() -> Path:
    """A folder of this user alone; a new temporary one where the home cannot be written."""
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    folder = (Path(home) if home else Path.home() / ".cache") / "clam-explorer"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="clam-explorer-"))
    return folder if os.access(folder, os.W_OK) else Path(tempfile.mkdtemp(prefix="clam-explorer-"))


def _write_whole(path: Path, text: str) -> None:
    """Write a file that appears complete or not at all, also when two servers start at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, suffix=".partial", delete=False, encoding="utf-8"
    ) as beside:
        beside.write(text)
    Path(beside.name).replace(path)


# A component of the first kind serves the files of a folder; nothing else of it is used.
v1.declare_component("niivue", path=str(niivue_folder()))
v1.declare_component("scripts", path=str(ASSETS))

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


def mount(packed: Packed, key: str) -> Any:  # noqa: ANN401
    """Draw the viewer; its `view` is what the user last chose, `missing` that WebGL 2 is.

    Each volume is an element of its own: the framework sends an element again only where
    the browser says that it no longer has it, so that another map costs only the map.
    """
    with st.container(gap=None):
        told = _VIEWER(
            data=packed.head,
            key=key,
            on_view_change=lambda: None,
            on_missing_change=lambda: None,
            default={"view": None, "missing": False},
        )
        for name, content in packed.volumes.items():
            _VOLUME(data=content, key=f"{key}-{name}")
    return told


@cache
def _locations() -> dict[str, str]:
    """Where the browser finds the scripts; a new version has a new address."""
    version = importlib.metadata.version("ipyniivue")
    found = {"niivue": f"component/{__name__}.niivue/niivue.js?v={version}"}
    for name in ("scene", "marks"):
        script = ASSETS / f"viewer_{name}.js"
        digest = hashlib.blake2b(script.read_bytes(), digest_size=6).hexdigest()
        found[name] = f"component/{__name__}.scripts/{script.name}?v={digest}"
    return found


@cache
def _colors() -> dict[str, Any]:
    """Colour tables as NiiVue wants them (values at positions of 0 to 255), and of lines.

    Position 0 is clear, because NiiVue paints voxels of value 0 below any threshold.
    """
    stops = {"for": FOR_STOPS, "against": AGAINST_STOPS}
    tables = {}
    for name, values in stops.items():
        table = color_table(values, 5)
        tables[name] = {
            **{letter: [int(table[0, c]), *table[:, c].tolist()] for c, letter in enumerate("RGB")},
            "A": [0, *[255] * len(table)],
            "I": [0, *np.linspace(1, 255, len(table)).astype(int).tolist()],
        }
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
        files = {"scan": nifti_bytes(pane.volume, pane.affine)}
        if pane.overlay is not None:
            overlay = np.rint(127 * np.clip(pane.overlay, -1, 1)).astype(np.int8)
            files["map"] = nifti_bytes(overlay, pane.affine, 1 / 127)
        if pane.mask is not None:
            files["mask"] = nifti_bytes(pane.mask.astype(np.uint8), pane.affine)
        described.append({"title": pane.title, "alt": pane.alt, "peak": list(pane.peak)})
        for name, content in files.items():
            digest = hashlib.blake2b(content, digest_size=10).hexdigest()
            described[-1][name] = {"id": digest}
            # The digest goes in front: by it the browser's script knows which volume has come.
            volumes[f"{number}-{name}"] = digest.encode() + content
    head = {**settings, **_locations(), "colors": _colors(), "panes": described}
    return Packed(json.dumps(head), volumes)


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
