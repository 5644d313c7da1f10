"""What was done with follow-up, for the methods paragraph."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def follow_up_words(about: Mapping[str, Any]) -> str:
    """Sentences on survival and change over time; nothing where none was compared.

    Args:
        about: What is stored about the associations.
    """
    known = about.get("follow_up") or {}
    survival = known.get("survival", {})
    sentences = []
    if "logrank_p_value" in survival:
        text = (
            "Time to the event was compared by Kaplan-Meier curves, the log-rank test and Cox "
            "models (Efron's ties, Firth's penalty where a cluster had no event; proportional "
            "hazards by the joint score test of Grambsch and Therneau)"
        )
        horizon = survival.get("horizon")
        if horizon is not None:
            text += f", and by the mean time free of the event within the first {horizon:g}"
        sentences.append(f"{text}.")
    if "statistic" in survival.get("incidence", {}):
        sentences.append(
            "Where a competing event may come first, cumulative incidence was estimated by Aalen "
            "and Johansen and compared by Gray's test."
        )
    rates = known.get("rates", {})
    if "statistic" in rates:
        sentences.append(
            f"Events per time at risk were compared by a {rates['model']} robust standard errors "
            "(logarithm of the time as offset, F and t tests with residual degrees of freedom)."
        )
    slopes = known.get("slopes", {}).values()
    if any("statistic" in one for one in slopes):
        adjusted = any(one.get("n_adjusted") for one in slopes)
        more = "; covariates entered with their products with time" if adjusted else ""
        sentences.append(
            "Change over time was compared by linear mixed models (restricted maximum likelihood, "
            f"Satterthwaite's degrees of freedom{more})."
        )
    return " ".join(sentences)
