"""How far a lung mask can be trusted: volume, balance of the sides, cut off or not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Places and scores of straight lines (np.interp): litres in all, smaller over larger lung, cm2.
_VOLUME = ((0.3, 1.5, 9.0, 12.0), (0.0, 1.0, 1.0, 0.0))
_BALANCE = ((0.0, 0.1, 0.5), (0.3, 0.5, 1.0))
_CUT = ((10.0, 100.0), (1.0, 0.4))
_SAY_BELOW = 0.9


@dataclass(frozen=True)
class LungFacts:
    """What was measured on a lung mask.

    Attributes:
        left_litres: Volume of the left lung.
        right_litres: Volume of the right lung.
        top_cm2: Area of lung on the uppermost slice.
        bottom_cm2: Area of lung on the lowest slice.
        sides_cm2: Area of lung on the four sides of the field of view.
    """

    left_litres: float
    right_litres: float
    top_cm2: float
    bottom_cm2: float
    sides_cm2: float


def judge(facts: LungFacts) -> tuple[float, tuple[str, ...]]:
    """Score a lung mask; each doubt multiplies the score and adds a sentence.

    The bounds are for adults: 1.5 to 9 litres in all, the smaller lung at least
    half of the larger, less than 10 cm2 of lung on a face of the field of view.

    Args:
        facts: Volumes and areas.

    Returns:
        Quality in [0, 1], and the doubts as sentences.
    """
    litres = facts.left_litres + facts.right_litres
    small, large = sorted((facts.left_litres, facts.right_litres))
    weaker = "left" if facts.left_litres < facts.right_litres else "right"
    ends = [("top", facts.top_cm2), ("bottom", facts.bottom_cm2), ("sides", facts.sides_cm2)]
    doubts = [
        (
            float(np.interp(litres, *_VOLUME)),
            f"The lungs found hold {litres:.1f} litres; a complete adult chest has 1.5 to 9.",
        ),
        (
            float(np.interp(small / large, *_BALANCE)),
            f"The {weaker} lung found is much smaller than the other ({small:.2f} against "
            f"{large:.2f} litres).",
        ),
    ]
    doubts += [
        (
            float(np.interp(area, *_CUT)),
            f"The lungs are cut off at the {end} of the field of view ({area:.0f} cm²).",
        )
        for end, area in ends
    ]
    quality = float(np.prod([score for score, _ in doubts]))
    return round(quality, 3), tuple(words for score, words in doubts if score < _SAY_BELOW)
