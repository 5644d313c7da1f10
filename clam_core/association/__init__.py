"""Clusters against clinical variables: tests, effects, adjustment, and honest warnings."""

from clam_core.association.associate import AssociationTable, associate
from clam_core.association.cohort import Cohort, assemble
from clam_core.association.confounding import INSPIRATION, confounding_panel
from clam_core.association.follow_up import slopes_of, survival_of
from clam_core.association.longitudinal import Slopes, compare_slopes
from clam_core.association.result import NotTestableError
from clam_core.association.rows import CSV_COLUMNS
from clam_core.association.survival import Survival, Times, compare_survival
from clam_core.association.table_one import table_one
from clam_core.association.usual import usual_covariates
from clam_core.association.within import compare_within_sites
from clam_core.association.words import headline, stability_words, within_words

__all__ = [
    "CSV_COLUMNS",
    "INSPIRATION",
    "AssociationTable",
    "Cohort",
    "NotTestableError",
    "Slopes",
    "Survival",
    "Times",
    "assemble",
    "associate",
    "compare_slopes",
    "compare_survival",
    "compare_within_sites",
    "confounding_panel",
    "headline",
    "slopes_of",
    "stability_words",
    "survival_of",
    "table_one",
    "usual_covariates",
    "within_words",
]
