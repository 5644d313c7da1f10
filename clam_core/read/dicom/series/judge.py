"""From headers to series: each becomes a scan, an image, or a sentence why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import replace

from clam_core.errors import GeometryError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom.geometry import flat_affine, place_slices
from clam_core.read.dicom.header import DicomHeader
from clam_core.read.dicom.series.outcome import (
    HU_TYPES,
    Result,
    SeriesOutcome,
    failed,
    set_aside,
    usable,
)
from clam_core.read.dicom.series.patients import several_patients
from clam_core.read.dicom.series.slices import Slice, Stack, by_file_of_frames, by_grid, slices_of
from clam_core.read.dicom.series.splitting import MIN_VOLUME, split
from clam_core.read.dicom.series.unexplained import unexplained
from clam_core.read.dicom.sop_classes import PROJECTION_MODALITIES

NO_SERIES = (
    "Its files name no series (SeriesInstanceUID); those of one folder and patient were "
    "taken together."
)


def group_series(headers: Iterable[DicomHeader]) -> list[SeriesOutcome]:
    """Sort headers into series and judge each of them.

    Files are opened only where two pictures of one position must be compared.

    Args:
        headers: Headers of any number of series.

    Returns:
        One outcome per series in the order of their first files; several where
        a series holds several scans, or pictures that belong to none.
    """
    return [outcome for outcome, _ in sort_series(headers)]


def sort_series(headers: Iterable[DicomHeader]) -> list[Result]:
    """`group_series`, with the slices of each outcome in their order."""
    series: dict[Hashable, list[DicomHeader]] = defaultdict(list)
    for header in headers:
        series[header.series_key or (_folder(header.ref), header.patient_id)].append(header)
    return [result for one in series.values() for result in _judge_series(one)]


def _judge_series(headers: Sequence[DicomHeader]) -> list[Result]:
    """Judge what shares a series identifier, which several studies may do by mistake."""
    studies = _by_study(headers)
    if len(studies) == 1:
        return _judge_study(headers, [] if headers[0].series_key else [NO_SERIES])
    is_projection = headers[0].modality in PROJECTION_MODALITIES
    n_pictures = [sum(len(header.planes) for header in study) for study in studies]
    if min(n_pictures) < MIN_VOLUME and not is_projection:
        reason = (
            f"The series lies in {len(studies)} studies (StudyInstanceUID), and the slices of each "
            "make no whole volume; export each study apart."
        )
        return [failed(slices_of(headers), reason)]
    return [
        result
        for n, study in enumerate(studies, start=1)
        for result in _judge_study(
            study,
            [
                f"{len(studies)} studies share its series identifier (SeriesInstanceUID) and were "
                f"kept apart; this scan is of study {n}."
            ],
        )
    ]


def _by_study(headers: Sequence[DicomHeader]) -> list[list[DicomHeader]]:
    """Headers by study; files that name none, or each another, are not told apart by it."""
    studies: dict[str, list[DicomHeader]] = defaultdict(list)
    for header in headers:
        studies[header.study_key].append(header)
    known = set(studies) - {""}
    each = len(known) == len(headers) > MIN_VOLUME and all(len(h.planes) == 1 for h in headers)
    return [list(headers)] if len(known) < 2 or each else list(studies.values())


def _judge_study(headers: Sequence[DicomHeader], notes: Sequence[str]) -> list[Result]:
    """Judge the files of one series of one study."""
    mixed = several_patients(headers) or _mixed(headers)
    if mixed:
        return [failed(slices_of(headers), mixed)]
    files = by_file_of_frames(headers)
    results = []
    for n, some in enumerate(files, start=1):
        many = f"Its series holds {len(files)} volumes in files of many frames; this is number {n}."
        said = [*notes, many] if len(files) > 1 else notes
        results += [_with_notes(result, said) for result in _judge(some)]
    return results


def _with_notes(result: Result, notes: Sequence[str]) -> Result:
    outcome, stack = result
    if outcome.kind not in {"scan", "image"}:
        return result
    return replace(outcome, notes=(*notes, *outcome.notes)), stack


def _judge(headers: Sequence[DicomHeader]) -> list[Result]:
    slices = slices_of(headers)
    if headers[0].modality in PROJECTION_MODALITIES:
        return [_image(one) for one in slices if one.header.pixels.frames == 1] + [
            failed([one], "It is a moving picture; a scan has still pictures.")
            for one in slices
            if one.header.pixels.frames > 1 and one.frame == 0
        ]
    main, *others = by_grid(slices)
    results = _judge_stack(main)
    aside: Stack = []
    for other in others:
        if len(other) >= MIN_VOLUME and 2 * len(other) >= len(main):
            results += _judge_stack(other)
        else:
            aside += other
    if aside:
        results.append(set_aside(aside, len(main)))
    return _refuse_shared_files(results)


def _mixed(headers: Sequence[DicomHeader]) -> str:
    """What is not the same in all files although it must be; empty if nothing."""
    modalities = sorted({h.modality for h in headers})
    if len(modalities) > 1:
        return f"The series mixes the modalities {', '.join(modalities)}; export each apart."
    units = {h.rescale_type for h in headers if h.rescale_type not in HU_TYPES} | {
        "HU" for h in headers if h.rescale_type in {"HU", "HU_MOD"}
    }
    if len(units) > 1:
        return "The series mixes slices with different units of their values; export each apart."
    return ""


def _judge_stack(stack: Stack) -> list[Result]:
    if len(stack) == 1:
        return [_image(stack[0])]
    if any(one.plane.position is None or one.plane.orientation is None for one in stack):
        n_lost = sum(one.plane.position is None or one.plane.orientation is None for one in stack)
        return [
            failed(
                stack,
                f"{n_lost} of {len(stack)} images do not say where they lie "
                "(ImagePositionPatient, ImageOrientationPatient); export the series again.",
                geometric=True,
            )
        ]
    try:
        parts, n_duplicates = split(stack)
    except ReadError as error:
        return [failed(stack, str(error), geometric=isinstance(error, GeometryError))]
    copies = f"{n_duplicates} duplicate slice{'s' if n_duplicates > 1 else ''} ignored."
    notes = [copies] if n_duplicates else []
    return [_scan(part, [*notes, *([note] if note else [])]) for part, note in parts]


def _scan(stack: Stack, notes: list[str]) -> Result:
    first = stack[0]
    if len(stack) == 1:
        return _image(first, notes)
    if first.plane.pixel_spacing is None:
        reason = "The header names no PixelSpacing; correct it, or export the series again."
        return failed(stack, reason, geometric=True)
    try:
        placed = place_slices(
            [one.plane.position or () for one in stack],
            first.plane.orientation or (),
            first.plane.pixel_spacing,
        )
    except GeometryError as error:
        return failed(stack, str(error), geometric=True)
    ordered = [stack[n] for n in placed.order]
    return usable("scan", ordered, placed.affine, [*notes, *placed.notes, *unexplained(ordered)])


def _image(one: Slice, notes: Sequence[str] = ()) -> Result:
    plane, more = one.plane, list(notes)
    spacing = plane.pixel_spacing
    if spacing is None:
        spacing = (1.0, 1.0)
        more.append("The header names no size of a pixel; 1 mm was assumed.")
    try:
        if plane.position is None or plane.orientation is None:
            affine = flat_affine(spacing)
        else:
            thickness = one.header.slice_thickness_mm
            affine = place_slices([plane.position], plane.orientation, spacing, thickness).affine
    except GeometryError as error:
        return failed([one], str(error), geometric=True)
    return usable("image", [one], affine, more)


def _refuse_shared_files(results: list[Result]) -> list[Result]:
    """Two scans in one file could not be read apart later, so both are refused."""
    owners: dict[FileRef, int] = defaultdict(int)
    for outcome, _ in results:
        for ref in outcome.refs if outcome.kind in {"scan", "image"} else ():
            owners[ref] += 1
    shared = {ref for ref, count in owners.items() if count > 1}
    reason = "One file holds several scans; export each of them as a file of its own."
    return [
        failed(stack, reason) if shared.intersection(outcome.refs) else (outcome, stack)
        for outcome, stack in results
    ]


def _folder(ref: FileRef) -> str:
    """Stands for the series where a header names none."""
    return str((ref.path / ref.member if ref.member else ref.path).parent)
