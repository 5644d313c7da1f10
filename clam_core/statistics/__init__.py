"""Clusters against clinical variables: tests, effects, adjustment, and honest warnings."""

from clam_core.statistics.cohort.assemble import Cohort, assemble
from clam_core.statistics.cohort.table_one import table_one
from clam_core.statistics.cohort.usual_covariates import usual_covariates
from clam_core.statistics.compare_clusters import AssociationTable, associate
from clam_core.statistics.headline import (
    headline,
    qualifications,
    stability_words,
    within_words,
)
from clam_core.statistics.result import NotTestableError
from clam_core.statistics.result_rows import CSV_COLUMNS
from clam_core.statistics.sites.confounding import INSPIRATION, confounding_panel
from clam_core.statistics.sites.within import compare_within_sites
from clam_core.statistics.time.follow_up import (
    event_of,
    incidence_of,
    rates_of,
    slopes_of,
    survival_of,
)
from clam_core.statistics.time.slopes import Slopes, compare_slopes
from clam_core.statistics.time.survival import Survival, Times, compare_survival

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
    "event_of",
    "headline",
    "incidence_of",
    "qualifications",
    "rates_of",
    "slopes_of",
    "stability_words",
    "survival_of",
    "table_one",
    "usual_covariates",
    "within_words",
]
