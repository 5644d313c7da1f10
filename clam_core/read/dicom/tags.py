"""Names of the header elements that are read; everything else is passed over unread."""

from __future__ import annotations

TAGS = {
    "SpecificCharacterSet": 0x00080005,
    "ImageType": 0x00080008,
    "SOPClassUID": 0x00080016,
    "SOPInstanceUID": 0x00080018,
    "AcquisitionDate": 0x00080022,
    "ContentDate": 0x00080023,
    "AcquisitionDateTime": 0x0008002A,
    "AcquisitionTime": 0x00080032,
    "ContentTime": 0x00080033,
    "Modality": 0x00080060,
    "Manufacturer": 0x00080070,
    "InstitutionName": 0x00080080,
    "ReferringPhysicianName": 0x00080090,
    "SeriesDescription": 0x0008103E,
    "PerformingPhysicianName": 0x00081050,
    "NameOfPhysiciansReadingStudy": 0x00081060,
    "OperatorsName": 0x00081070,
    "ManufacturerModelName": 0x00081090,
    "FrameType": 0x00089007,
    "PatientName": 0x00100010,
    "PatientID": 0x00100020,
    "PatientBirthDate": 0x00100030,
    "PatientSex": 0x00100040,
    "OtherPatientIDs": 0x00101000,
    "OtherPatientNames": 0x00101001,
    "PatientBirthName": 0x00101005,
    "PatientMotherBirthName": 0x00101060,
    "ResponsiblePerson": 0x00102297,
    "PatientIdentityRemoved": 0x00120062,
    "ContrastBolusAgent": 0x00180010,
    "SliceThickness": 0x00180050,
    "KVP": 0x00180060,
    "EchoTime": 0x00180081,
    "FilterType": 0x00181160,
    "SpacingBetweenSlices": 0x00180088,
    "TriggerTime": 0x00181060,
    "GantryDetectorTilt": 0x00181120,
    "ImagerPixelSpacing": 0x00181164,
    "ConvolutionKernel": 0x00181210,
    "PatientPosition": 0x00185100,
    "FrameAcquisitionDateTime": 0x00189074,
    "EffectiveEchoTime": 0x00189082,
    "DiffusionBValue": 0x00189087,
    "StudyInstanceUID": 0x0020000D,
    "SeriesInstanceUID": 0x0020000E,
    "SeriesNumber": 0x00200011,
    "AcquisitionNumber": 0x00200012,
    "InstanceNumber": 0x00200013,
    "ImagePositionPatient": 0x00200032,
    "ImageOrientationPatient": 0x00200037,
    "FrameOfReferenceUID": 0x00200052,
    "TemporalPositionIdentifier": 0x00200100,
    "StackID": 0x00209056,
    "TemporalPositionIndex": 0x00209128,
    "NominalCardiacTriggerDelayTime": 0x00209153,
    "FrameAcquisitionNumber": 0x00209156,
    "ConcatenationUID": 0x00209161,
    "NominalPercentageOfCardiacPhase": 0x00209241,
    "NominalPercentageOfRespiratoryPhase": 0x00209245,
    "SamplesPerPixel": 0x00280002,
    "PhotometricInterpretation": 0x00280004,
    "NumberOfFrames": 0x00280008,
    "Rows": 0x00280010,
    "Columns": 0x00280011,
    "PixelSpacing": 0x00280030,
    "BitsAllocated": 0x00280100,
    "BitsStored": 0x00280101,
    "HighBit": 0x00280102,
    "PixelRepresentation": 0x00280103,
    "PixelPaddingValue": 0x00280120,
    "PixelPaddingRangeLimit": 0x00280121,
    "BurnedInAnnotation": 0x00280301,
    "RescaleIntercept": 0x00281052,
    "RescaleSlope": 0x00281053,
    "RescaleType": 0x00281054,
    "RequestingPhysician": 0x00321032,
    "CTReconstructionSequence": 0x00189314,
    "CTXRayDetailsSequence": 0x00189325,
    "CTImageFrameTypeSequence": 0x00189329,
    "CardiacSynchronizationSequence": 0x00189118,
    "MREchoSequence": 0x00189114,
    "MRDiffusionSequence": 0x00189117,
    "MRImageFrameTypeSequence": 0x00189226,
    "FrameContentSequence": 0x00209111,
    "PlanePositionSequence": 0x00209113,
    "PlaneOrientationSequence": 0x00209116,
    "RespiratorySynchronizationSequence": 0x00209253,
    "PixelMeasuresSequence": 0x00289110,
    "PixelValueTransformationSequence": 0x00289145,
    "SharedFunctionalGroupsSequence": 0x52009229,
    "PerFrameFunctionalGroupsSequence": 0x52009230,
}
"""Keyword of PS3.6 -> group and element."""

WANTED = frozenset(TAGS.values())

SEQUENCES = frozenset(tag for name, tag in TAGS.items() if name.endswith("Sequence"))

BINARY = {
    **dict.fromkeys(
        (
            "SamplesPerPixel",
            "Rows",
            "Columns",
            "BitsAllocated",
            "BitsStored",
            "HighBit",
            "PixelRepresentation",
            "PixelPaddingValue",
            "PixelPaddingRangeLimit",
            "FrameAcquisitionNumber",
        ),
        b"US",
    ),
    "TemporalPositionIndex": b"UL",
    "EffectiveEchoTime": b"FD",
    "DiffusionBValue": b"FD",
    "NominalCardiacTriggerDelayTime": b"FD",
    "NominalPercentageOfCardiacPhase": b"FD",
    "NominalPercentageOfRespiratoryPhase": b"FD",
}
"""Type of the numbers that are not text, for files that leave the type out."""

PIXEL_DATA = 0x7FE00010
FLOAT_PIXEL_DATA = frozenset({0x7FE00008, 0x7FE00009})

IMPLICIT_LITTLE = "1.2.840.10008.1.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
EXPLICIT_BIG = "1.2.840.10008.1.2.2"
DEFLATED = "1.2.840.10008.1.2.1.99"
NATIVE = frozenset({IMPLICIT_LITTLE, EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED})

RLE = "1.2.840.10008.1.2.5"
JPEG = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70))
JPEG_LS = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (80, 81))
JPEG_2000 = frozenset(f"1.2.840.10008.1.2.4.{n}" for n in (90, 91, 201, 202, 203))
COMPRESSED = JPEG | JPEG_LS | JPEG_2000 | {RLE}
"""Transfer syntaxes of PS3.5 section 10 whose pixel data can be decoded here."""
