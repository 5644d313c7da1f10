"""Planes of a file: from its header, or from the functional groups of a multi-frame file.

Source:
    DICOM PS3.3 C.7.6.16 (multi-frame functional groups), C.7.6.2 (image plane).
"""

from __future__ import annotations

from clam_core.errors import ReadError
from clam_core.read.dicom.fields import Fields
from clam_core.read.dicom.header import Plane
from clam_core.read.dicom.parse_elements import Elements
from clam_core.read.dicom.privacy import key_of
from clam_core.read.dicom.times import acquired

_MACROS = (
    "PlanePositionSequence",
    "PlaneOrientationSequence",
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
    "FrameContentSequence",
    "CTImageFrameTypeSequence",
    "CTReconstructionSequence",
    "CTXRayDetailsSequence",
    "CardiacSynchronizationSequence",
    "RespiratorySynchronizationSequence",
    "MREchoSequence",
    "MRDiffusionSequence",
    "MRImageFrameTypeSequence",
)


def read_frames(fields: Fields, frames: int) -> tuple[Fields, tuple[Plane, ...]]:
    """Place, scale and distinguishing marks of every frame.

    Args:
        fields: Header of the file.
        frames: Number of frames that it announces.

    Returns:
        The header with the functional groups of its first frame laid over it,
        and one plane per frame, in the order of the pixel data.

    Raises:
        ReadError: If a value is no number, or the groups are not as many as the frames.
    """
    per_frame = fields.items("PerFrameFunctionalGroupsSequence")
    if not per_frame:
        plane = _plane(fields)
        nowhere = Plane(None, None, plane.pixel_spacing, plane.slope, plane.intercept)
        return fields, (plane,) if frames == 1 else (nowhere,) * frames
    if len(per_frame) != frames:
        raise ReadError(
            f"Its header describes {len(per_frame)} frames but announces {frames}; "
            "export the series again."
        )
    shared = _together(fields.item("SharedFunctionalGroupsSequence"))
    each = [Fields({**shared, **_together(own)}, fields.coding) for own in per_frame]
    first = Fields({**fields.elements, **each[0].elements}, fields.coding, fields.charset)
    return first, tuple(_plane(frame) for frame in each)


def _together(group: Fields) -> Elements:
    """Elements of all macros of a functional group."""
    elements: Elements = {}
    for sequence in _MACROS:
        elements.update(group.item(sequence).elements)
    return elements


def _plane(fields: Fields) -> Plane:
    spacing = fields.numbers("PixelSpacing", 2) or fields.numbers("ImagerPixelSpacing", 2)
    slope, intercept = fields.number("RescaleSlope"), fields.number("RescaleIntercept")
    image_type = fields.texts("ImageType") or fields.texts("FrameType")
    return Plane(
        position=fields.numbers("ImagePositionPatient", 3),  # type: ignore[arg-type]
        orientation=fields.numbers("ImageOrientationPatient", 6),  # type: ignore[arg-type]
        pixel_spacing=spacing,  # type: ignore[arg-type]
        slope=1.0 if slope is None else slope,
        intercept=0.0 if intercept is None else intercept,
        acquisition=_whole(fields, "AcquisitionNumber", "FrameAcquisitionNumber"),
        temporal=_whole(fields, "TemporalPositionIdentifier", "TemporalPositionIndex"),
        echo_ms=fields.optional("EchoTime") or fields.optional("EffectiveEchoTime"),
        image_type=key_of("\\".join(image_type)),
        stack=key_of(fields.text("StackID")),
        kernel=key_of("/".join(part for part in fields.texts("ConvolutionKernel") if part)),
        kvp=fields.optional("KVP"),
        b_value=fields.optional("DiffusionBValue"),
        acquired=acquired(fields),
        phase=_first(
            fields, "NominalPercentageOfCardiacPhase", "NominalPercentageOfRespiratoryPhase"
        ),
        trigger_ms=_first(fields, "TriggerTime", "NominalCardiacTriggerDelayTime"),
        filter=key_of(fields.text("FilterType")),
    )


def _whole(fields: Fields, *keywords: str) -> int | None:
    value = _first(fields, *keywords)
    return None if value is None else int(value)


def _first(fields: Fields, *keywords: str) -> float | None:
    """The first of some numbers that is there."""
    values = (fields.optional(keyword) for keyword in keywords)
    return next((value for value in values if value is not None), None)
