"""Fitting: from the scans of a cohort to clusters that a new scan can be assigned to."""

from clam_core.fitting.fit_cohort import Fitted, fit_model
from clam_core.fitting.fit_context import FitContext
from clam_core.fitting.presets import preset_settings

__all__ = ["FitContext", "Fitted", "fit_model", "preset_settings"]
