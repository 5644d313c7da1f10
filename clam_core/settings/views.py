"""Views of a scan: what scans are grouped by, and its words for people."""

from __future__ import annotations

from typing import Literal

from clam_core.errors import SettingsError
from clam_core.settings.brought_encoder import ENCODER
from clam_core.settings.fitting import FitSettings
from clam_core.settings.given_numbers import TABLE

View = Literal["auto", "focal", "density", "texture", "latent", "best"]

METHOD_OF_VIEW = {
    "auto": "auto",
    "focal": "profiles",
    "density": "density",
    "texture": "texture",
    "latent": "latent",
    "best": "best",
}

GROUPED_BY: dict[str, str] = {
    "focal": "where a scan is brighter or darker than the cohort (focal findings)",
    "density": "how dense the lower, middle and upper zones are",
    "texture": "how much neighbouring voxels differ in the lower, middle and upper zones",
    "latent": "the codes of the trained network",
    TABLE: "numbers of a table that was brought along",
    ENCODER: "the codes of an encoder that was brought along",
}
"""What the scans of a run were grouped by, in words."""


ZONAL = ("density", "texture")
"""Methods that look at the values inside the mask themselves."""


def view_of(method: str) -> str:
    """The view that a method groups by; clusterers group latent codes."""
    if method in {TABLE, ENCODER}:
        return method
    named = {method: view for view, method in METHOD_OF_VIEW.items()}
    return named.get(method, "latent")


def method_for(views: str, method: str = "auto") -> str:
    """The method that a view asks for.

    Args:
        views: What scans are to be grouped by.
        method: A method that is asked for beside it, or `auto`.

    Raises:
        SettingsError: If there is no such view, or the method groups by another.
    """
    if views not in METHOD_OF_VIEW:
        raise SettingsError(f"There is no view {views!r}; choose {', '.join(METHOD_OF_VIEW)}.")
    if views == "auto" or method == "auto":
        return METHOD_OF_VIEW[views] if method == "auto" else method
    if view_of(method) != views:
        raise SettingsError(
            f"The method {method!r} groups scans by {GROUPED_BY[view_of(method)]}, not by the view "
            f"{views!r}; leave one of the two out."
        )
    return method


def for_its_view(settings: FitSettings) -> FitSettings:
    """The settings with what their view needs.

    Density and texture are those of absolute values inside the mask; no network is trained,
    as it has no part in them.
    """
    if settings.method not in ZONAL:
        return settings
    scale: dict[str, object] = {"background": "apart", "align_brightness": False}
    if settings.method == "density":
        # Fibrosis lies below the pleura; at the rim texture would see little but the rim.
        scale["trim_rim"] = False
    return settings.model_copy(
        update={
            "scale": settings.scale.model_copy(update=scale),
            "train": settings.train.model_copy(update={"epochs": 0}),
        }
    )
