"""Kinds of activation maps: what each is called, and how it is made in a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from clam_core.settings.brought_encoder import MapsOfEncoder
from clam_core.settings.results import LocalizeVariant


@dataclass(frozen=True)
class MapWords:
    """A kind of map in words.

    Attributes:
        name: As on a button.
        description: How it is made, within a sentence.
        is_slow: Whether it takes much longer than the others.
    """

    name: str
    description: str
    is_slow: bool = False

    @property
    def choice(self) -> str:
        """The name in a list to choose from, with a warning where it takes long."""
        return f"{self.name} (slow)" if self.is_slow else self.name


MAP_WORDS: dict[LocalizeVariant, MapWords] = {
    "integrated": MapWords(
        "Integrated",
        "integrated gradients of the log-odds of the cluster along the path from the cohort's "
        "median activation to the scan's",
    ),
    "paper": MapWords(
        "As in the paper",
        "the map of the original paper: channels of activations weighted by the probability of the "
        "cluster when the scan is masked by each",
    ),
    "score_cam": MapWords("Score-CAM", "Score-CAM"),
    "contrast": MapWords(
        "Contrast",
        "channels weighted by the probability of the cluster less that of the others",
    ),
    "median_masking": MapWords(
        "Masking toward the median",
        "channels weighted after masking toward the cohort's median",
    ),
    "grad_cam": MapWords("Grad-CAM", "Grad-CAM"),
    "occlusion": MapWords("Occlusion", "occlusion by cubes", is_slow=True),
    "difference": MapWords(
        "Difference from the median",
        "the difference from the cohort's median scan, without the model",
    ),
}
"""Words of every kind that can be asked for, in the order of a list."""


_OF_ENCODER: tuple[LocalizeVariant, ...] = ("integrated", "occlusion", "difference")


def kinds_of_encoder(maps: MapsOfEncoder) -> tuple[LocalizeVariant, ...]:
    """Kinds of map of an encoder that was brought along, the usual one first.

    Args:
        maps: Whether its activations can be followed, or it can only be called.
    """
    return _OF_ENCODER if maps == "integrated" else _OF_ENCODER[1:]


def map_description(variant: str) -> str:
    """How a stored kind of map is made; its own name where this software does not know it."""
    known = {str(name): one.description for name, one in MAP_WORDS.items()}
    return known.get(variant, variant)
