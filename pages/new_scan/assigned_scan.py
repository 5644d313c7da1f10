"""The parts of the page New scan: upload, result, map, neighbours."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.runtime.uploaded_file_manager import UploadedFile

from clam_core.files.file_names import known_ending
from clam_core.settings.verdicts import UNSURE
from clam_core.study import read_names
from clam_core.volume import Volume
from pages.shared.thumbnails import show_png, thumbnail
from pages.shell.page_list import page_link
from pages.shell.place import Place
from pages.shell.text import plain, sentences
from pages.viewer.canvas import nifti_bytes
from pages.viewer.evidence import show_line, where_it_lies
from pages.viewer.map_worker import in_worker
from pages.viewer.still_pictures import Style
from pages.viewer.viewer import choose_plain, is_sized, make_pane, show_panes, windows_for

KEY = "new-scan"
ENDINGS = (".nii.gz", ".nii", ".nrrd", ".mha", ".zip", ".dcm", ".png", ".jpg", ".jpeg", ".tif")
_UPLOAD_MB = 2048


@dataclass(frozen=True)
class Given:
    """A scan that was uploaded, and its mask if there is one."""

    scan: UploadedFile
    mask: UploadedFile | None


def upload(here: Place) -> Given | None:
    """Fields for a scan and its mask."""
    left, right = st.columns(2)
    types = sorted({ending.split(".")[-1] for ending in ENDINGS})
    with left:
        scan = st.file_uploader(
            "The scan: one NIfTI, NRRD or MetaImage file, one picture, or a zip of a DICOM series",
            types,
            key=f"{KEY}-scan",
            max_upload_size=_UPLOAD_MB,
        )
    with right:
        wish = "the study's scans came with masks" if _masks_were_given(here) else "optional"
        mask = st.file_uploader(
            f"Its mask ({wish})", types, key=f"{KEY}-mask", max_upload_size=_UPLOAD_MB
        )
    return None if scan is None else Given(scan, mask)


def assign_upload(here: Place, given: Given) -> None:
    """Assign an uploaded scan in the shared process; the upload is deleted at once."""
    st.session_state.pop(KEY, None)
    with (
        sentences(),
        st.spinner("Reading the scan and comparing it with the run; this takes up to a minute."),
        tempfile.TemporaryDirectory(prefix="clam-new-scan-") as folder,
    ):
        mask = None if given.mask is None else _saved(given.mask, Path(folder), "mask")
        arguments = {
            "folder": str(here.study.folder.resolve()),
            "name": here.fitted.name,
            "path": _saved(given.scan, Path(folder), "scan"),
            "mask": mask,
        }
        record, arrays = in_worker("clam_core.pipeline.method.assign:assign_task", arguments)
        maps = arrays.pop("maps").astype(np.float16)
        of = (here.study.name, here.fitted.name)
        st.session_state[KEY] = {"of": of, "record": record, "arrays": arrays, "maps": maps}


def show_assigned(here: Place) -> None:
    """What the last upload was found to be; nothing where there was none."""
    found = st.session_state.get(KEY)
    if found is None or found["of"] != (here.study.name, here.fitted.name):
        return
    record = found["record"]
    _say_cluster(here, record)
    left, right = st.columns(2)
    with left:
        _show_sureness(here, record)
    with right:
        _show_place(here, record)
    st.header("Where the cluster is recognised")
    _show_map(here, found)
    st.header("Most similar scans of the study")
    _show_nearest(here, record["nearest"])
    _offer_downloads(found)


def _say_cluster(here: Place, record: dict[str, Any]) -> None:
    name = read_names(here.fitted).get(record["cluster"], "")
    called = f" ({plain(name)})" if name else ""
    st.header(f"Cluster {record['cluster']}{called}")
    if record["unlike_cohort"]:
        reasons = "; ".join(record["doubts"])
        st.warning(
            f"This scan is unlike the scans of the study: {plain(reasons)}. This cluster is only "
            "the least unlike one: do not trust it.",
            icon=":material/warning:",
        )
    else:
        st.markdown(f"{_how_sure(record['confidence'])} (confidence {record['confidence']:.2f}).")
    if record["warnings"]:
        st.info(plain(str(record["warnings"])))


def _how_sure(confidence: float) -> str:
    if confidence >= 0.8:
        return "It clearly belongs to this cluster"
    if confidence >= UNSURE:
        return "It belongs to this cluster rather than to another"
    return "It lies between clusters"


def _show_sureness(here: Place, record: dict[str, Any]) -> None:
    from clam_core.figures.new_scan import sureness_figure

    shares = record["soft_assignment"]
    given = read_names(here.fitted)
    names = [f"{n} {given.get(n, '')}".strip() for n in range(1, len(shares) + 1)]
    words = ", ".join(f"cluster {n + 1}: {share:.0%}" for n, share in enumerate(shares))
    st.markdown("**How sure**")
    figure = sureness_figure(shares, [f"Cluster {name}" for name in names])
    st.plotly_chart(figure, alt=f"Probability of each cluster. {words}.")


def _show_place(here: Place, record: dict[str, Any]) -> None:
    from clam_core.figures.new_scan import placed_figure

    st.markdown("**Where it falls on the map of the study**")
    figure = placed_figure(here.fitted.scans(), record["x"], record["y"])
    st.plotly_chart(figure, alt=f"Map of the study; nearest is scan {record['nearest'][0]}.")


def _show_map(here: Place, found: dict[str, Any]) -> None:
    record, arrays = found["record"], found["arrays"]
    own = int(record["cluster"])
    options = [own, *(n for n in range(1, len(found["maps"]) + 1) if n != own)]
    cluster = st.segmented_control(
        "Map for",
        options,
        format_func=lambda n: f"Cluster {n}" + (", its own" if n == own else ""),
        default=own,
        required=True,
        key=f"{KEY}-map",
    )
    overlay = _scaled(found["maps"][cluster - 1])
    line = where_it_lies(record["lines"][cluster - 1], overlay, arrays.get("mask"))
    volume = Volume(arrays["volume"], _affine(record), here.study.info.unit)
    title = f"New scan · map for cluster {cluster}"
    alt = f"{title}. {line['sentence']}"
    pane = make_pane(title, alt, volume, overlay, arrays.get("mask"))
    # Like those of the study: a new scan has been fitted to it.
    pane = replace(pane, is_sized=is_sized(here.study, here.study.ready()[0]))
    style = Style(windows_for(volume), here.study.info.unit)
    pictures = st.container()
    is_plain = choose_plain(KEY)
    with pictures:
        show_panes([pane], style, KEY, is_plain=is_plain)
    show_line(line, "Made for this scan, not stored", None)


def _show_nearest(here: Place, nearest: list[str]) -> None:
    clusters = here.fitted.scans()["cluster"]
    for column, scan_id in zip(st.columns(len(nearest)), nearest, strict=True):
        cluster = int(clusters[scan_id])
        with column:
            alt = f"Scan {scan_id} of cluster {cluster} at the peak of its map"
            show_png(thumbnail(here, scan_id), alt)
            page_link("explore", f"{scan_id} (cluster {cluster})", scan=scan_id)


def _offer_downloads(found: dict[str, Any]) -> None:
    record = found["record"]
    values = {name: value for name, value in record.items() if name not in {"affine", "lines"}}
    overlay = _scaled(found["maps"][int(record["cluster"]) - 1])
    with st.container(horizontal=True):
        st.download_button("Keep the result (JSON)", json.dumps(values, indent=1), "new-scan.json")
        st.download_button(
            "Keep its map (NIfTI)", nifti_bytes(overlay, _affine(record)), "new-scan-map.nii"
        )


def _scaled(raw: NDArray[np.float16]) -> NDArray[np.float32]:
    """What speaks for the cluster, with a largest value of 1."""
    shown = raw.astype(np.float32).clip(min=0)
    return (shown / np.float32(max(float(shown.max()), 1e-12))).astype(np.float32, copy=False)


def _affine(record: dict[str, Any]) -> NDArray[np.float64]:
    return np.reshape(np.array(record["affine"], dtype=np.float64), (4, 4))


def _saved(file: UploadedFile, folder: Path, name: str) -> str:
    """Save an upload under a name of our own: its own name may be that of a person."""
    path = folder / f"{name}{known_ending(file.name, ENDINGS)}"
    path.write_bytes(file.getbuffer())
    return str(path)


@st.cache_data(max_entries=16, show_spinner=False)
def _given(folder: str, fingerprint: str) -> bool:  # noqa: ARG001
    from clam_core.pipeline.scans.new_scan import masks_were_given
    from clam_core.study import Study

    return masks_were_given(Study(Path(folder)))


def _masks_were_given(here: Place) -> bool:
    prepared = here.study.info.prepared
    return prepared is not None and _given(str(here.study.folder), prepared.fingerprint)
