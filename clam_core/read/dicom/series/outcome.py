"""What became of a series of DICOM files, and the sentences that go with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from clam_core.files.file_ref import FileRef
from clam_core.read.dicom.header import DicomHeader
from clam_core.read.dicom.header_json import from_plain, to_plain
from clam_core.read.dicom.pixel_values import is_like_tissue
from clam_core.read.dicom.series.slices import Stack
from clam_core.settings import Unit

HU_TYPES = frozenset({"", "HU", "HU_MOD", "US"})
_APART = 1.5

Result = tuple["SeriesOutcome", Stack]


@dataclass(frozen=True)
class SeriesOutcome:
    """What became of a series, or of a part of it.

    Attributes:
        kind: `scan` (a volume), `image` (a single picture), `failed` or `skipped`.
        refs: Its files, in the order of the slices.
        reason: Why it failed or was skipped.
        notes: What its user should know, one sentence each.
        shape: Columns, rows and slices; columns and rows of an image.
        spacing_mm: Voxel size along these axes.
        affine: Voxel index to RAS+ position in mm, four rows of four.
        unit: `HU`, or `arbitrary`.
        modality: `CT`, `MR`, ...
        acquisition: What may be stored of how it was made.
        series_key: Digest of the series instance UID.
        study_key: Digest of the study instance UID.
        patient_id: PatientID as it stands in the header; not for storing.
        person: Name, birth date and sex as they stand there; not for storing.
        institution: Institution as it stands in the header; not for storing.
        private_words: Words that name the patient; not for storing.
        identity_removed: Whether every header says that it is de-identified.
        geometric: Whether it failed because of where its slices lie.
    """

    kind: Literal["scan", "image", "failed", "skipped"]
    refs: tuple[FileRef, ...]
    reason: str = ""
    notes: tuple[str, ...] = ()
    shape: tuple[int, ...] = ()
    spacing_mm: tuple[float, ...] = ()
    affine: tuple[tuple[float, ...], ...] = ()
    unit: Unit = "arbitrary"
    modality: str = "OT"
    acquisition: dict[str, Any] = field(default_factory=dict)
    series_key: str = ""
    study_key: str = ""
    patient_id: str = ""
    person: tuple[str, str, str] = ("", "", "")
    institution: str = ""
    private_words: tuple[str, ...] = ()
    identity_removed: bool = False
    geometric: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values for a pipe; they name the patient and must not be stored."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> SeriesOutcome:
        """The outcome of which `to_json` made the values.

        Raises:
            ReadError: If the values are not those of an outcome.
        """
        return from_plain(cls, values)


def usable(
    kind: Literal["scan", "image"],
    ordered: Stack,
    affine: NDArray[np.float64],
    notes: Sequence[str],
) -> Result:
    """The outcome of slices that make a volume or a picture.

    Args:
        kind: Which of the two.
        ordered: The slices in their order.
        affine: Voxel index to RAS+ position, mm, shape (4, 4).
        notes: What is known to be said.

    Returns:
        The outcome and its slices.
    """
    pixels = ordered[0].header.pixels
    shape = (pixels.columns, pixels.rows, len(ordered))[: 3 if kind == "scan" else 2]
    sizes = tuple(np.linalg.norm(affine[:3, : len(shape)], axis=0).tolist())
    headers = _headers(ordered)
    unit, doubts = _unit(headers)
    doubts += _value_doubts(headers, is_ct=unit == "HU")
    if kind == "scan":
        doubts += _apart(headers[0].slice_thickness_mm, sizes[2])
    outcome = SeriesOutcome(
        kind,
        notes=(*notes, *doubts),
        shape=shape,
        spacing_mm=sizes,
        affine=tuple(tuple(row) for row in affine.tolist()),
        unit=unit,
        **_common(headers),
    )
    return outcome, ordered


def failed(stack: Stack, reason: str, *, geometric: bool = False) -> Result:
    """The outcome of slices that should make a volume, but do not."""
    headers = _headers(stack)
    return SeriesOutcome("failed", reason=reason, geometric=geometric, **_common(headers)), stack


def set_aside(stack: Stack, n_main: int) -> Result:
    """The outcome of pictures that lie in a series without belonging to its volume."""
    one = len(stack) == 1
    reason = (
        f"{len(stack)} image{'' if one else 's'} of another size or orientation than the "
        f"{n_main} main image{'' if n_main == 1 else 's'} of the series "
        f"{'was' if one else 'were'} left out (localizer?)."
    )
    return SeriesOutcome("skipped", reason=reason, **_common(_headers(stack))), stack


def _headers(stack: Stack) -> list[DicomHeader]:
    """The files of some slices, each once, in the order of the slices."""
    return list({one.header.ref: one.header for one in stack}.values())


def _common(headers: Sequence[DicomHeader]) -> dict[str, Any]:
    """What all kinds of outcome say."""
    first = headers[0]
    return {
        "refs": tuple(header.ref for header in headers),
        "modality": first.modality,
        "acquisition": _acquisition(headers),
        "series_key": first.series_key,
        "study_key": first.study_key,
        "patient_id": next((h.patient_id for h in headers if h.patient_id), ""),
        "person": next((h.person for h in headers if any(h.person)), ("", "", "")),
        "institution": next((h.institution for h in headers if h.institution), ""),
        "private_words": tuple(sorted({word for h in headers for word in h.private_words})),
        "identity_removed": all(h.identity_removed for h in headers),
    }


def _acquisition(headers: Sequence[DicomHeader]) -> dict[str, Any]:
    """What all files of a scan agree on; None or nothing where they do not."""
    made = attrgetter("manufacturer", "model", "kernel", "patient_position", "kvp", "contrast")
    whom = attrgetter("slice_thickness_mm", "private_words", "patient_id", "institution")
    distinct = {(made(header), whom(header)): header for header in headers}
    stored = [header.acquisition() for header in distinct.values()]
    return {
        name: value if all(other[name] == value for other in stored) else _unknown(value)
        for name, value in stored[0].items()
    }


def _unknown(value: str | float | None) -> str | None:
    return "" if isinstance(value, str) else None


def _unit(headers: Sequence[DicomHeader]) -> tuple[Unit, list[str]]:
    """Unit of the values, and doubts about it."""
    if headers[0].modality != "CT":
        return "arbitrary", []
    types = {header.rescale_type for header in headers}
    if not types <= HU_TYPES:
        return "arbitrary", ["The values of this CT series are not in HU, says its header."]
    if not all(header.has_rescale for header in headers):
        return "HU", [
            "The header names no rescale slope and intercept; stored values were taken as HU."
        ]
    if "US" in types:
        return "HU", ["The header leaves the unit of its values open; they were taken as HU."]
    return "HU", []


def _value_doubts(headers: Sequence[DicomHeader], *, is_ct: bool) -> list[str]:
    """What headers say of bits and padding that most programs understand in another way."""
    doubts = []
    odd = next((h.pixels for h in headers if h.pixels.high_bit != h.pixels.bits_stored - 1), None)
    if odd is not None:
        low = odd.high_bit + 1 - odd.bits_stored
        doubts.append(
            f"The header places the values in bits {low} to {odd.high_bit} of each pixel (HighBit "
            f"{odd.high_bit}, BitsStored {odd.bits_stored}) and they were read there; many "
            "programs read the lowest bits instead, so check the values."
        )
    padded = next((h for h in headers if is_ct and _is_padded_like_tissue(h)), None)
    if padded is not None:
        first, last = padded.pixels.padding or (0, 0)
        named = f"{first}" if first == last else f"{first} to {last}"
        doubts.append(
            f"The padding value of the header ({named}) is one that tissue has as well; only what "
            "fills a corner of its slice was taken as padding."
        )
    return doubts


def _is_padded_like_tissue(header: DicomHeader) -> bool:
    return any(is_like_tissue(header.pixels, plane) for plane in header.planes)


def _apart(thickness_mm: float | None, spacing_mm: float) -> list[str]:
    if thickness_mm is None or thickness_mm <= 0 or spacing_mm <= _APART * thickness_mm:
        return []
    return [
        f"Slices are {thickness_mm:g} mm thick but {spacing_mm:g} mm apart; what lies between "
        "them is not in the scan."
    ]
