"""Options of `associate`, by what they ask: each field is an option of the same name.

The names are those of `AssociateSettings`, whose docstring says more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from clam_core.pipeline.declared_steps.declaration import Option
from clam_core.pipeline.declared_steps.written import NAMES, pairs


@dataclass(frozen=True)
class Covariates:
    """What is held constant."""

    adjust: Annotated[
        tuple[str, ...],
        Option('Columns to adjust by, with commas: age,sex,"FVC, L".', written=NAMES),
    ] = ()
    adjust_by: Annotated[
        str, Option("regression, or weights (inverse probability of the cluster).")
    ] = "regression"
    impute: Annotated[
        int, Option("Tables with missing covariates imputed (20, say); 0: none.", lowest=0)
    ] = 0


@dataclass(frozen=True)
class Comparison:
    """Which columns are compared, and how."""

    label_draws: Annotated[
        int, Option("Draws of unsure clusters, pooled (20, say); 0: none.", lowest=0)
    ] = 0
    correction: Annotated[str, Option("bh (false discovery rate), holm, or by.")] = "bh"
    repeated: Annotated[
        str, Option("Subjects with several scans: one_row, or cluster_robust (keeps all).")
    ] = "one_row"
    used_in_clustering: Annotated[
        tuple[str, ...],
        Option("Columns made from the same images: described without a p-value.", written=NAMES),
    ] = ()
    other_images: Annotated[
        tuple[str, ...],
        Option("Columns read out of images that are not these scans: tested.", written=NAMES),
    ] = ()
    within: Annotated[
        str | None, Option("Compare within this column as well; the site, if not given.")
    ] = None


@dataclass(frozen=True)
class FollowUp:
    """Times to an event, competing events, and numbers of events."""

    survival_time: Annotated[
        str | None, Option("Column with the time to an event or last contact.", flag="--time")
    ] = None
    survival_event: Annotated[
        str | None, Option("Column that says whether the event was seen.", flag="--event")
    ] = None
    event_level: Annotated[
        str | None, Option("Answer that means it was; yes beside no, 1 beside 0, dead are known.")
    ] = None
    survival_horizon: Annotated[
        float | None,
        Option(
            "Mean time free of the event until then; the shared follow-up, if not given.",
            flag="--until",
        ),
    ] = None
    competing_levels: Annotated[
        tuple[str, ...],
        Option(
            "Answers of the event that are a competing event, with commas.",
            flag="--competing",
            written=NAMES,
        ),
    ] = ()
    rate_count: Annotated[
        str | None, Option("Column with a number of events, as exacerbations.", flag="--count")
    ] = None
    rate_time: Annotated[
        str | None, Option("Column with the time in which they were counted.", flag="--at-risk")
    ] = None


@dataclass(frozen=True)
class Likeness:
    """Below which difference clusters count as alike."""

    equivalence: Annotated[
        dict[str, float] | None,
        Option(
            "COLUMN=BOUND: alike where means differ by less; may be given many times.",
            written=pairs("--equivalence", "COLUMN=BOUND"),
        ),
    ] = None
    equivalence_sd: Annotated[
        float | None, Option("The same for all numbers, in standard deviations within clusters.")
    ] = None
