"""Which DICOM objects are scans, and what the others are.

Source:
    DICOM PS3.4 table B.5-1 (storage SOP classes), PS3.3 C.7.6.1.1.2 (image type).
"""

from __future__ import annotations

from clam_core.errors import NotAScanError

STORAGE = "1.2.840.10008.5.1.4.1.1."
PROJECTION_MODALITIES = frozenset({"CR", "DX", "MG", "RG", "PX", "IO", "XC"})
MODALITIES = PROJECTION_MODALITIES | {"CT", "MR", "PT", "NM", "US", "OT", "XA", "RF", "RTIMAGE"}

_NO_SCANS = {
    "1.2.840.10008.1.3.10": "a DICOMDIR (a list of files)",
    STORAGE + "7": "a secondary capture (a picture of a screen)",
    STORAGE + "7.": "a secondary capture (a picture of a screen)",
    STORAGE + "9.": "a waveform",
    STORAGE + "11.": "a presentation state",
    STORAGE + "30": "a parametric map",
    STORAGE + "4.2": "a spectrum",
    STORAGE + "66": "raw data",
    STORAGE + "66.": "a segmentation or registration",
    STORAGE + "66.4": "a segmentation",
    STORAGE + "66.7": "a segmentation",
    STORAGE + "67": "a table of values",
    STORAGE + "68.": "a surface scan",
    STORAGE + "77.": "a photograph or video",
    STORAGE + "88.": "a structured report",
    STORAGE + "88.59": "a key object selection",
    STORAGE + "88.67": "a dose report",
    STORAGE + "104.": "an embedded document",
    STORAGE + "481.": "a radiotherapy object",
    STORAGE + "481.2": "a radiotherapy dose",
    STORAGE + "481.3": "a radiotherapy structure set",
    STORAGE + "481.5": "a radiotherapy plan",
}
_IMAGE_TYPES = {
    "LOCALIZER": "a localizer (scout)",
    "SCOUT": "a localizer (scout)",
    "TOPOGRAM": "a localizer (scout)",
    "SCREEN SAVE": "a picture of a screen",
    "DOSE": "a dose report",
    "DOSE_INFO": "a dose report",
}
_REPORT_MODALITIES = {
    "SR": "a structured report",
    "KO": "a key object selection",
    "PR": "a presentation state",
    "SEG": "a segmentation",
    "RTSTRUCT": "a radiotherapy structure set",
    "RTDOSE": "a radiotherapy dose",
    "RTPLAN": "a radiotherapy plan",
    "DOC": "an embedded document",
    "REG": "a registration",
    "SC": "a secondary capture (a picture of a screen)",
}


def check_is_scan(
    sop_class: str, modality: str, image_type: tuple[str, ...], *, burned_in: bool
) -> None:
    """Refuse objects that are sound, but no scan to be grouped.

    Args:
        sop_class: UID of the kind of object.
        modality: Modality of the header.
        image_type: Values of ImageType.
        burned_in: Whether the header says that text is burned into the picture.

    Raises:
        NotAScanError: With what the object is.
    """
    what = _NO_SCANS.get(sop_class) or _family(sop_class) or _REPORT_MODALITIES.get(modality)
    what = what or next((_IMAGE_TYPES[t] for t in image_type if t in _IMAGE_TYPES), None)
    if what is not None:
        raise NotAScanError(f"It is {what}.")
    if burned_in:
        raise NotAScanError("It has text burned into the picture, which may name the patient.")


def check_is_gray(samples: int, photometric: str) -> None:
    """Refuse colour pictures.

    Raises:
        NotAScanError: If there is more than one number per pixel, or a palette.
    """
    if samples != 1 or photometric not in {"MONOCHROME1", "MONOCHROME2", ""}:
        raise NotAScanError("It is a colour picture; a scan has one number per voxel.")


def known_modality(text: str) -> str:
    """The modality if it is one of an image, else `OT` (other): free text is not passed on."""
    return text if text in MODALITIES else "OT"


def _family(sop_class: str) -> str | None:
    """What all classes are that begin like this one."""
    own, _, more = sop_class.removeprefix(STORAGE).partition(".")
    return _NO_SCANS.get(f"{STORAGE}{own}.") if more and sop_class.startswith(STORAGE) else None
