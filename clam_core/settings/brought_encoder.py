"""What a run keeps of an encoder that was brought along."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from clam_core.settings.base import Settings

ENCODER = "encoder"
"""Method and kind of features of a run whose encoder was brought along."""
EncoderInput = Literal["own", "stored", "window"]
MapsOfEncoder = Literal["integrated", "occlusion"]


class InputOfEncoder(Settings):
    """What such an encoder is given.

    Attributes:
        kind: `own` is what our own network sees (aligned and standardised), `stored` the values
            of the study as they are (HU for CT), `window` these brought from a window to 0..1.
        window: Lowest and highest value of `window`, in HU or the study's unit; else None.
    """

    kind: EncoderInput = "own"
    window: tuple[float, float] | None = None

    @property
    def words(self) -> str:
        """What the encoder is given, as a sentence."""
        if self.window is not None:
            low, high = self.window
            return f"It was given the scans with values from {low:g} to {high:g} brought to 0 to 1."
        if self.kind == "stored":
            return "It was given the values of the scans as they are (HU for CT)."
        return (
            "It was given the scans as our own network sees them, aligned in brightness and "
            "standardised."
        )

    @model_validator(mode="after")
    def _check(self) -> InputOfEncoder:
        if (self.window is not None) != (self.kind == "window"):
            raise ValueError("a window of the encoder's input belongs to the kind 'window'")
        if self.window is not None and not self.window[0] < self.window[1]:
            raise ValueError("the window of the encoder's input needs a low and a higher value")
        return self


class BroughtEncoder(Settings):
    """An encoder that was brought along, and how its codes were grouped.

    Attributes:
        name: Name of the file; empty where it may be the name of a person.
        digest: Of the file.
        kind: What the file is: a TorchScript archive or an exported program.
        input: What it is given.
        n_codes: Numbers of its code.
        layer: Channels and nodes of the activations that it returns; None where it returns none.
        at_once: Scans that it is given at once.
        maps: How maps are made of it.
        why: Why they are not integrated gradients, as a sentence; else empty.
        n_components: Principal components that were clustered; 0 takes the code itself.
        is_standardized: Whether each number has a spread of 1, or keeps its own.
        clusterer: How they were grouped.
    """

    name: str
    digest: str
    kind: Literal["torchscript", "exported"]
    input: InputOfEncoder
    n_codes: int = Field(ge=1)
    layer: tuple[int, ...] | None
    at_once: int = Field(ge=1)
    maps: MapsOfEncoder
    why: str = ""
    n_components: int = Field(ge=0)
    is_standardized: bool
    clusterer: str

    @property
    def words(self) -> str:
        """What was grouped, as part of a sentence."""
        named = f" ({self.name})" if self.name else ""
        n = self.n_codes
        numbers = f"{n:,} {'number' if n == 1 else 'numbers'}"
        return f"the codes ({numbers}) of an encoder that was brought along{named}"

    @property
    def words_of_maps(self) -> str:
        """How maps are made, as a sentence."""
        if self.maps == "integrated":
            nodes = " by ".join(str(n) for n in (self.layer or ())[1:])
            return (
                "Maps are integrated gradients at the layer that the encoder returns "
                f"({nodes} nodes)."
            )
        return f"Maps are made by occlusion: {self.why}"
