"""Frozen, validated settings: what a step may be told, and within which bounds."""

from clam_core.settings.base import HU_MAX, HU_MIN, Settings, Unit
from clam_core.settings.fitting import (
    FitMethod,
    FitSettings,
    NetworkSettings,
    Preset,
    RefineSettings,
    TrainSettings,
)
from clam_core.settings.images import CropMode, MaskMode, PreprocessSettings, ScaleSettings
from clam_core.settings.limits import ArchiveLimits, ReadLimits, TableLimits
from clam_core.settings.results import (
    AssociateSettings,
    EmbedSettings,
    LocalizeSettings,
    LocalizeVariant,
    SelectSettings,
)

__all__ = [
    "HU_MAX",
    "HU_MIN",
    "ArchiveLimits",
    "AssociateSettings",
    "CropMode",
    "EmbedSettings",
    "FitMethod",
    "FitSettings",
    "LocalizeSettings",
    "LocalizeVariant",
    "MaskMode",
    "NetworkSettings",
    "PreprocessSettings",
    "Preset",
    "ReadLimits",
    "RefineSettings",
    "ScaleSettings",
    "SelectSettings",
    "Settings",
    "TableLimits",
    "TrainSettings",
    "Unit",
]
