"""What is known of a DICOM file before its pixels are read.

`patient_id`, `institution` and `private_words` name persons and places. They live
in memory only: the caller hashes the first two and uses the third to scrub paths.
What may be stored is `acquisition()`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from clam_core.files.file_ref import FileRef
from clam_core.read.dicom.header_json import from_plain, to_plain
from clam_core.read.dicom.privacy import forbidden_words, storable

Triple = tuple[float, float, float]


@dataclass(frozen=True)
class PixelFormat:
    """How the pixels of a file are stored (PS3.3 C.7.6.3).

    Attributes:
        rows: Pixels from top to bottom.
        columns: Pixels from left to right.
        frames: Pictures in the file.
        bits_allocated: Bits from one pixel to the next: 8, 16 or 32.
        bits_stored: Bits of these that are the value.
        high_bit: Place of the highest bit of the value.
        signed: Whether the value is in two's complement.
        padding: Lowest and highest stored value that mean "no tissue here".
        inverted: Whether low values are bright (MONOCHROME1).
        syntax: Transfer syntax UID.
        little_endian: Whether the lowest byte comes first.
        offset: First byte of the pixel data in the (inflated) file.
        n_bytes: Bytes of pixel data in the file.
    """

    rows: int
    columns: int
    frames: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    padding: tuple[int, int] | None
    inverted: bool
    syntax: str
    little_endian: bool
    offset: int
    n_bytes: int

    @property
    def frame_bytes(self) -> int:
        """Size of one frame without compression, in bytes."""
        return self.rows * self.columns * (self.bits_allocated // 8)


@dataclass(frozen=True)
class Plane:
    """One picture: a file with a single frame, or one frame of a file with several.

    Attributes:
        position: Center of the first pixel in the patient, LPS+, mm.
        orientation: Direction of a row and of a column, LPS+, six cosines.
        pixel_spacing: Distance between rows and between columns, mm.
        slope: Factor from stored values to HU (or the modality's values).
        intercept: Offset of the same.
        acquisition: Number of the acquisition.
        temporal: Number of the time point.
        echo_ms: Echo time, ms.
        image_type: Digest of the values of ImageType or FrameType.
        stack: Digest of the name of its stack.
        kernel: Digest of the reconstruction kernel.
        kvp: Tube voltage, kV.
        b_value: Strength of the diffusion weighting, s/mm2.
        acquired: When it was acquired, in seconds; not for storing.
        phase: Place in the cardiac or respiratory cycle, per cent.
        trigger_ms: Time since the trigger (the R wave), ms.
        filter: Digest of the type of the filter in the beam.
    """

    position: Triple | None
    orientation: tuple[float, float, float, float, float, float] | None
    pixel_spacing: tuple[float, float] | None
    slope: float
    intercept: float
    acquisition: int | None = None
    temporal: int | None = None
    echo_ms: float | None = None
    image_type: str = ""
    stack: str = ""
    kernel: str = ""
    kvp: float | None = None
    b_value: float | None = None
    acquired: float | None = None
    phase: float | None = None
    trigger_ms: float | None = None
    filter: str = ""


@dataclass(frozen=True)
class DicomHeader:
    """The header of one DICOM file that holds a picture.

    Attributes:
        ref: The file.
        instance_key: Digest of the SOP instance UID.
        series_key: Digest of the series instance UID.
        study_key: Digest of the study instance UID.
        patient_id: PatientID as it stands there; not for storing.
        institution: Institution as it stands there; not for storing.
        private_words: Words that name the patient; not for storing.
        person: Name, birth date and sex as they stand there; not for storing.
        identity_removed: Whether the header says that it is de-identified.
        sop_class: UID of the kind of object.
        modality: `CT`, `MR`, ...; `OT` for anything unknown.
        pixels: How the pixels are stored.
        planes: One per frame.
        has_rescale: Whether the header says how to come to HU.
        rescale_type: Unit after rescaling as the header names it.
        slice_thickness_mm: Nominal thickness.
        spacing_between_mm: Nominal distance between slices.
        gantry_tilt_degrees: Nominal tilt; positions decide, not this.
        instance_number: Number of the picture in its series.
        patient_position: `HFS`, `FFP`, ...
        manufacturer: Maker of the scanner.
        model: Scanner.
        kernel: Reconstruction kernel.
        kvp: Tube voltage, kV.
        contrast: Whether a contrast agent is named; None if the element is absent.
        series_number: Number of the series.
        description: Digest of the description of the series.
        frame_of_reference: Digest of the UID of the room in which positions are given.
        concatenation: Digest of the UID of the concatenation of which the file is a part.
        made: When the values were made (ContentTime), in seconds; not for storing.
        rest: Checksums of the short elements that are not read, see `unread`.
    """

    ref: FileRef
    instance_key: str
    series_key: str
    study_key: str
    patient_id: str
    institution: str
    private_words: tuple[str, ...]
    person: tuple[str, str, str]
    identity_removed: bool
    sop_class: str
    modality: str
    pixels: PixelFormat
    planes: tuple[Plane, ...]
    has_rescale: bool
    rescale_type: str
    slice_thickness_mm: float | None
    spacing_between_mm: float | None
    gantry_tilt_degrees: float | None
    instance_number: int | None
    patient_position: str
    manufacturer: str
    model: str
    kernel: str
    kvp: float | None
    contrast: bool | None
    series_number: int | None = None
    description: str = ""
    frame_of_reference: str = ""
    concatenation: str = ""
    made: float | None = None
    rest: str = ""

    def acquisition(self) -> dict[str, Any]:
        """What may be stored: how the scan was made, nothing of whom it shows or where."""
        forbidden = forbidden_words(self.private_words, self.patient_id, self.institution)
        texts = {
            "manufacturer": self.manufacturer,
            "model": self.model,
            "kernel": self.kernel,
            "patient_position": self.patient_position,
        }
        return {
            **{name: storable(text, forbidden) for name, text in texts.items()},
            "kvp": self.kvp,
            "slice_thickness_mm": self.slice_thickness_mm,
            "contrast": self.contrast,
        }

    def to_json(self) -> dict[str, Any]:
        """Plain values for a pipe; they name the patient and must not be stored."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> DicomHeader:
        """The header of which `to_json` made the values.

        Raises:
            ReadError: If the values are not those of a header.
        """
        return from_plain(cls, values)


@dataclass(frozen=True)
class HeaderProblem:
    """A file that gives no header of a scan.

    Attributes:
        ref: The file.
        kind: `failed` if it should have been a slice, `skipped` if it is something else.
        reason: One sentence without names; it begins with the name of the file
            where that names nobody.
        series_key: Digest of its series, where that could still be read.
        private_words: Words that name the patient, where they could be read; not for storing.
    """

    ref: FileRef
    kind: Literal["failed", "skipped"]
    reason: str
    series_key: str = ""
    private_words: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain values for a pipe."""
        plain: dict[str, Any] = to_plain(self)
        return plain

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> HeaderProblem:
        """The problem of which `to_json` made the values.

        Raises:
            ReadError: If the values are not those of a problem.
        """
        return from_plain(cls, values)
