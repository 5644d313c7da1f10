"""Read the headers of DICOM files: each file gives a header, or one sentence why not."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable

from clam_core.errors import NotAScanError, ReadError
from clam_core.files.file_ref import FileRef
from clam_core.read.dicom import tags
from clam_core.read.dicom.enhanced import read_frames
from clam_core.read.dicom.fields import Fields
from clam_core.read.dicom.header import DicomHeader, HeaderProblem, PixelFormat
from clam_core.read.dicom.privacy import about, key_of, private_words
from clam_core.read.dicom.rawfile import RawHeader, read_raw_header
from clam_core.read.dicom.sop_classes import check_is_gray, check_is_scan, known_modality
from clam_core.read.dicom.tags import TAGS
from clam_core.read.dicom.times import made
from clam_core.read.dicom.unread import packed

MAX_FRAMES = 100_000
MAX_SIDE = 65_535

_FILE_FAULTS = (OSError, EOFError, KeyError, zlib.error, zipfile.BadZipFile, NotImplementedError)
_NO_SLOPE = (
    "Its header has a RescaleSlope of 0, by which all its values would be the same; correct it, or "
    "export the series again."
)
_PERSON = ("PatientName", "PatientBirthDate", "PatientSex")
_POSITIONS = frozenset(
    {"HFP", "HFS", "HFDR", "HFDL", "FFDR", "FFDL", "FFP", "FFS"}
    | {"LFP", "LFS", "RFP", "RFS", "AFDR", "AFDL", "PFDR", "PFDL"}
)  # fmt: skip


def read_headers(refs: Iterable[FileRef]) -> list[DicomHeader | HeaderProblem]:
    """Read the headers of many files.

    Args:
        refs: The files.

    Returns:
        In their order a header, or the problem that there is with the file.
    """
    return [_read(ref) for ref in refs]


def _read(ref: FileRef) -> DicomHeader | HeaderProblem:
    words: tuple[str, ...] = ()
    series_key = ""
    try:
        raw = read_raw_header(ref)
        fields = Fields(raw.elements, raw.coding, _charset(raw))
        series_key = key_of(fields.text("SeriesInstanceUID"))
        removed = fields.text("PatientIdentityRemoved").upper() == "YES"
        words = private_words(fields, identity_removed=removed)
        return _header(ref, raw, fields, words)
    except NotAScanError as error:
        return HeaderProblem(ref, "skipped", str(error), series_key, words)
    except ReadError as error:
        reason = about(ref, words, str(error))
    except _FILE_FAULTS:
        reason = about(ref, words, "It cannot be read; copy it again.")
    return HeaderProblem(ref, "failed", reason, series_key, words)


def _header(ref: FileRef, raw: RawHeader, fields: Fields, words: tuple[str, ...]) -> DicomHeader:
    sop_class, modality = _kind(raw, fields), fields.text("Modality").upper()
    image_type = tuple(part.upper() for part in fields.texts("ImageType"))
    burned_in = fields.text("BurnedInAnnotation").upper() == "YES"
    check_is_scan(sop_class, modality, image_type, burned_in=burned_in)
    pixels = _pixel_format(raw, fields)
    first, planes = read_frames(fields, pixels.frames)
    check_is_scan(sop_class, modality, first.texts("FrameType"), burned_in=burned_in)
    if modality == "CT" and any(plane.slope == 0 for plane in planes):
        raise ReadError(_NO_SLOPE)
    position = fields.text("PatientPosition")
    kernel = "/".join(part for part in first.texts("ConvolutionKernel") if part)
    contrast = TAGS["ContrastBolusAgent"] in fields.elements
    return DicomHeader(
        ref=ref,
        instance_key=key_of(fields.text("SOPInstanceUID")),
        series_key=key_of(fields.text("SeriesInstanceUID")),
        study_key=key_of(fields.text("StudyInstanceUID")),
        patient_id=fields.text("PatientID"),
        institution=fields.text("InstitutionName"),
        private_words=words,
        person=tuple(fields.text(keyword) for keyword in _PERSON),  # type: ignore[arg-type]
        identity_removed=fields.text("PatientIdentityRemoved").upper() == "YES",
        sop_class=sop_class,
        modality=known_modality(modality),
        pixels=pixels,
        planes=planes,
        has_rescale=_has_rescale(first),
        rescale_type=first.text("RescaleType").upper(),
        slice_thickness_mm=first.optional("SliceThickness"),
        spacing_between_mm=first.optional("SpacingBetweenSlices"),
        gantry_tilt_degrees=fields.optional("GantryDetectorTilt"),
        instance_number=_whole(fields.optional("InstanceNumber")),
        patient_position=position if position in _POSITIONS else "",
        manufacturer=fields.text("Manufacturer"),
        model=fields.text("ManufacturerModelName"),
        kernel=kernel,
        kvp=first.optional("KVP"),
        contrast=bool(fields.text("ContrastBolusAgent")) if contrast else None,
        series_number=_whole(fields.optional("SeriesNumber")),
        description=key_of(fields.text("SeriesDescription").casefold()),
        frame_of_reference=key_of(fields.text("FrameOfReferenceUID")),
        concatenation=key_of(fields.text("ConcatenationUID")),
        made=made(fields),
        rest=packed(raw.unread),
    )


def _kind(raw: RawHeader, fields: Fields) -> str:
    """SOP class UID; a DICOMDIR names its own in the file meta group only."""
    return fields.text("SOPClassUID") or raw.media_class


def _pixel_format(raw: RawHeader, fields: Fields) -> PixelFormat:
    if raw.pixel_offset < 0:
        if TAGS["Rows"] not in fields.elements:
            raise NotAScanError("It is a DICOM object without a picture.")
        raise ReadError("It holds no pixel data, so it is no picture; export the series again.")
    samples = _required(fields, "SamplesPerPixel", 1, 65_535, default=1)
    photometric = fields.text("PhotometricInterpretation").upper()
    check_is_gray(samples, photometric)
    allocated = _required(fields, "BitsAllocated", 1, 64)
    if allocated not in {8, 16, 32}:
        raise ReadError(f"It has {allocated} bits per pixel; 8, 16 and 32 can be read.")
    stored = _required(fields, "BitsStored", 1, allocated, default=allocated)
    pixels = PixelFormat(
        rows=_required(fields, "Rows", 1, MAX_SIDE),
        columns=_required(fields, "Columns", 1, MAX_SIDE),
        frames=_required(fields, "NumberOfFrames", 1, MAX_FRAMES, default=1),
        bits_allocated=allocated,
        bits_stored=stored,
        high_bit=_required(fields, "HighBit", stored - 1, allocated - 1, default=stored - 1),
        signed=_required(fields, "PixelRepresentation", 0, 1, default=0) == 1,
        padding=_padding(fields),
        inverted=photometric == "MONOCHROME1",
        syntax=raw.syntax,
        little_endian=raw.coding.little,
        offset=raw.pixel_offset,
        n_bytes=raw.pixel_bytes,
    )
    _check_amount(pixels, encapsulated=raw.encapsulated)
    return pixels


def _check_amount(pixels: PixelFormat, *, encapsulated: bool) -> None:
    """Refuse a file whose pixel data cannot be as large as its header announces."""
    if pixels.syntax in tags.COMPRESSED:
        if not encapsulated:
            raise ReadError("Its compressed pixel data has no frames; export the series again.")
        return
    if pixels.syntax not in tags.NATIVE:
        raise ReadError("Its pixel data is compressed in a way that cannot be read; unpack it.")
    expected = pixels.frame_bytes * pixels.frames
    if encapsulated or pixels.n_bytes < expected:
        frames = f" x {pixels.frames} frames" if pixels.frames > 1 else ""
        raise ReadError(
            f"It is cut short: {pixels.rows} rows x {pixels.columns} columns{frames} need "
            f"{expected:,} bytes of pixel data, the file holds {pixels.n_bytes:,}; copy it again."
        )


def _required(fields: Fields, keyword: str, low: int, high: int, default: int | None = None) -> int:
    value = fields.integer(keyword)
    value = default if value is None else value
    if value is None or not low <= value <= high:
        stated = "nothing" if value is None else str(value)
        raise ReadError(f"Its header has {stated} as {keyword}, which must be {low} to {high}.")
    return value


def _padding(fields: Fields) -> tuple[int, int] | None:
    first, last = fields.optional("PixelPaddingValue"), fields.optional("PixelPaddingRangeLimit")
    if first is None:
        return None
    last = first if last is None else last
    return int(first), int(last)


def _has_rescale(fields: Fields) -> bool:
    keywords = ("RescaleSlope", "RescaleIntercept")
    return all(fields.number(keyword) is not None for keyword in keywords)


def _charset(raw: RawHeader) -> str:
    return "\\".join(Fields(raw.elements, raw.coding).texts("SpecificCharacterSet"))


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
