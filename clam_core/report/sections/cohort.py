"""Cohort: what was found, what failed and why, who is in the run."""

from __future__ import annotations

import pandas as pd

from clam_core.report.charts import flow
from clam_core.report.html import Figures, Html, join, paragraph, paragraphs, table, tag
from clam_core.report.material import Material
from clam_core.report.phrases import listed, stated_sizes
from clam_core.wording import plural

_MADE = {
    "manufacturer": "Manufacturer",
    "model": "Scanner model",
    "kernel": "Reconstruction kernel",
    "kvp": "Tube voltage (kV)",
    "slice_thickness_mm": "Slice thickness (mm)",
    "contrast": "Contrast agent",
    "site": "Site",
    "original_spacing_mm": "Voxel size as read (mm)",
    "original_shape": "Voxels as read",
    "mask_source": "Mask",
}
_MOST_VALUES = 6


def write(material: Material, figures: Figures) -> Html:
    """What was found, what failed and why, what the scans are."""
    counts = material.scans["status"].value_counts()
    n_failed = int(counts.get("failed", 0))
    return join(
        [
            paragraphs([_first(material, n_failed)]),
            figures.add(_FLOW_CAPTION, flow(_steps(material, n_failed), _flow_words(material))),
            _failed(material.scans),
            _not_in_run(material),
            _warnings(material.scans),
            _skipped(material.skipped),
            _acquisition(material),
        ]
    )


_FLOW_CAPTION = "From the files to the scans that were clustered and compared."


def _first(material: Material, n_failed: int) -> str:
    scans, info = material.scans, material.study.info
    subjects = scans["subject_id"].nunique()
    modality = f"{info.modality}, " if info.modality else ""
    text = (
        f"{plural(len(scans), 'scan')} of {plural(int(subjects), 'subject')} were found "
        f"({modality}{info.spatial_dims} dimensions"
        f"{', values in HU' if info.unit == 'HU' else ', values in arbitrary units'}). "
        f"{plural(len(material.members), 'scan')} went into the clusters of this run. "
    )
    return text + ("No scan failed." if not n_failed else f"{plural(n_failed, 'scan')} failed.")


def _steps(material: Material, n_failed: int) -> list[tuple[str, str]]:
    scans = material.scans
    n_ready = int((scans["status"] == "ready").sum())
    n_found = len(scans) - n_ready - n_failed
    n_skipped = int(material.skipped["n_files"].sum())
    left = [plural(n_failed, "scan") + " failed"] if n_failed else []
    left += [f"{n_found:,} not preprocessed"] if n_found else []
    files = [f"{plural(n_skipped, 'file')} that are no scan"] if n_skipped else []
    steps = [("Files given", "")] if files else []
    steps += [(f"{plural(len(scans), 'scan')} found", listed(files))]
    steps += [(f"{n_ready:,} ready", listed(left))]
    rest = n_ready - len(material.members)
    steps += [(f"{len(material.members):,} clustered", f"{rest:,} not in this run" if rest else "")]
    if material.compared is not None:
        frame = material.compared.frame
        n_known = int(frame.notna().any(axis=1).sum())
        further, empty = len(material.members) - len(frame), len(frame) - n_known
        gone = [f"{further:,} further scans of a subject"] if further else []
        gone += [f"{empty:,} without clinical values"] if empty else []
        steps += [(f"{n_known:,} compared with clinical values", listed(gone))]
    return steps


def _flow_words(material: Material) -> str:
    n_failed = int((material.scans["status"] == "failed").sum())
    steps = _steps(material, n_failed)
    parts = [f"{text} (left out before: {left})" if left else text for text, left in steps]
    return f"Flow chart: {'; then '.join(parts)}."


def _failed(scans: pd.DataFrame) -> Html:
    failed = scans[scans["status"] == "failed"]
    if failed.empty:
        return Html("")
    shown = pd.DataFrame({"Scan": failed.index.astype(str), "Reason": failed["reason"].to_list()})
    return join([tag("h3", "Scans that failed"), table(shown, "Every scan that failed, and why.")])


def _not_in_run(material: Material) -> Html:
    """Scans that are ready but not part of the run, by name."""
    ready = material.scans.index[material.scans["status"] == "ready"]
    names = [str(one) for one in ready.difference(material.members.index)]
    if not names:
        return Html("")
    return paragraph(
        f"{plural(len(names), 'scan')} became ready after the run was fitted and are not part of "
        f"it: {listed(names[:50])}{' and others' if len(names) > 50 else ''}."
    )


def _warnings(scans: pd.DataFrame) -> Html:
    """Remarks on scans that were used nevertheless, each text once."""
    rows = [
        (text, str(scan_id))
        for column in ("notes", "warnings")
        if column in scans
        for scan_id, text in scans[column].dropna().astype(str).items()
        if text
    ]
    if not rows:
        return Html("")
    frame = pd.DataFrame(rows, columns=["Remark", "Scans"])
    shown = frame.groupby("Remark", sort=True)["Scans"].agg(_some).reset_index()
    return join(
        [
            tag("h3", "Remarks on scans"),
            table(shown, "What was noticed of scans when they were read and prepared."),
        ]
    )


def _some(names: pd.Series[str]) -> str:
    chosen = list(dict.fromkeys(names))
    more = f" and {len(chosen) - 12} more" if len(chosen) > 12 else ""
    return f"{len(chosen)}: {', '.join(chosen[:12])}{more}"


def _skipped(skipped: pd.DataFrame) -> Html:
    n_files = int(skipped["n_files"].sum())
    heading = tag("h3", "Files that are no scan")
    if not n_files:
        return join([heading, paragraph("Every file that was found belongs to a scan.")])
    counted = skipped.groupby("reason")["n_files"].sum().sort_values(ascending=False, kind="stable")
    shown = pd.DataFrame({"Reason": counted.index, "Files": [f"{n:,}" for n in counted]})
    return join([heading, table(shown, f"{plural(n_files, 'file')} were left out, by reason.")])


def _acquisition(material: Material) -> Html:
    """How the scans of the run were made, as far as their files tell."""
    members = material.scans.index.intersection(material.members.index)
    scans = stated_sizes(material.scans.loc[members])
    rows = []
    for name, title in _MADE.items():
        if name in scans and scans[name].notna().any():
            rows.append((title, _values(scans[name])))
    if not rows:
        return Html("")
    shown = pd.DataFrame(rows, columns=["Property", "Scans"])
    caption = "How the scans of this run were made, as far as their files tell."
    return join([tag("h3", "Acquisition"), table(shown, caption)])


def _values(column: pd.Series[str]) -> str:
    counts = column.map(_short, na_action="ignore").value_counts(sort=False).sort_index()
    counts = counts.sort_values(ascending=False, kind="stable")
    parts = [f"{value} ({n})" for value, n in counts.head(_MOST_VALUES).items()]
    if len(counts) > _MOST_VALUES:
        parts.append(f"{len(counts) - _MOST_VALUES} other values "
                     f"({int(counts.iloc[_MOST_VALUES:].sum())})")  # fmt: skip
    missing = int(column.isna().sum())
    return "; ".join([*parts, f"unknown ({missing})"] if missing else parts)


def _short(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)
