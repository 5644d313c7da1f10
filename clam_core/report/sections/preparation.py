"""Preparation: how scans became images on the grid and inputs of the network, in words."""

from __future__ import annotations

from clam_core.report.html import Figures, Html, paragraphs
from clam_core.report.material import Material
from clam_core.report.phrases import listed
from clam_core.settings import PreprocessSettings
from clam_core.settings.views import for_its_view

_OUTSIDE = {
    "mean": "Voxels outside the mask were filled with the cohort's mean inside the masks.",
    "air": "Voxels outside the mask were filled with air.",
    "apart": "Voxels outside the mask were left out.",
}
_MASKS = {
    "given": "a mask that was given with the scan",
    "lungs": "a lung mask found by thresholds",
    "none": "no mask",
}


def write(material: Material, figures: Figures) -> Html:  # noqa: ARG001
    """The settings of both steps in words."""
    return paragraphs([grid_words(material), mask_words(material), input_words(material)])


def grid_words(material: Material) -> str:
    """The grid, its voxel size, how it was filled."""
    settings = _prepared(material)
    if settings is None:
        return ""
    size = "\u00a0×\u00a0".join(str(n) for n in settings.grid)
    is_3d = len(settings.grid) == 3
    turned = "turned to one orientation (right, anterior, superior) and " if is_3d else ""
    voxel = "voxel" if is_3d else "pixel"
    text = (
        f"Every scan was {turned}brought onto a grid of {size} {voxel}s with anti-aliased linear "
        "interpolation. "
    )
    if settings.spacing_mm is not None:
        return text + f"All {voxel}s of the grid are {settings.spacing_mm:g} mm wide."
    return text + (
        f"The part that is used was scaled to fill the grid, so that the size of a {voxel} differs "
        "between scans and the size of an organ is not told apart."
    )


def mask_words(material: Material) -> str:
    """Which masks were used, and what was cut out."""
    settings = _prepared(material)
    if settings is None:
        return ""
    counts = material.scans.loc[material.members.index, "mask_source"].value_counts()
    parts = [f"{int(n):,} have {_MASKS.get(str(k), str(k))}" for k, n in
             sorted(counts.items())]  # fmt: skip
    crops = {
        "mask": _cut_words(settings),
        "center": "The middle of the field of view was used.",
        "none": "The whole field of view was used.",
    }
    labels = ""
    if settings.mask_label and "given" in counts:
        several = "s" if len(settings.mask_label) > 1 else ""
        named = listed([str(label) for label in settings.mask_label])
        labels = f" Of the masks that were given, the label{several} {named} counted as inside."
    crop = settings.crop
    if crop == "auto":
        crop = "mask" if masked(material) else "none"
    whom = f"Of the {len(material.members):,} scans of this run, {listed(parts)}."
    return f"{whom}{labels} {crops[crop]}"


def _cut_words(settings: PreprocessSettings) -> str:
    if settings.spacing_mm is not None:
        return "The grid was centered on the mask."
    return f"The box around the mask with a margin of {settings.margin_mm:g} mm was used."


def input_words(material: Material) -> str:
    """How images became inputs of the network."""
    encoder = material.info.encoder
    if encoder is not None and encoder.input.kind != "own":
        return encoder.input.words
    asked = material.fit_settings.model_copy(update={"method": material.info.method})
    scale = for_its_view(asked).scale
    unit = "HU" if material.study.info.unit == "HU" else "units of the scans"
    if scale.window is not None:
        window = f"Values were clipped to {scale.window[0]:g} to {scale.window[1]:g} {unit}."
    elif unit == "HU":
        window = "Values were clipped to −1000 to 400 HU."
    else:
        window = "Values were clipped to the 0.5th and 99.5th percentile of the cohort."
    parts = [window]
    is_masked, align = masked(material), scale.align_brightness
    align = is_masked if align is None else align
    if is_masked and scale.trim_rim:
        parts.append(
            "Layers at the rim of the masks, whose voxels mix with what lies outside, were taken "
            "off."
        )
    if is_masked and align:
        parts.append(
            "Inside its mask each scan's own median was subtracted; outside, voxels were set to "
            "that median. Disease that is equally dense everywhere is therefore not seen."
        )
    elif align:
        parts.append("Each scan was shifted to the brightness of the cohort's median image.")
    elif is_masked and scale.background != "keep":
        parts.append(_OUTSIDE[scale.background])
    parts.append("Images were then standardised with one mean and one standard deviation.")
    return " ".join(parts)


def masked(material: Material) -> bool:
    """Whether all scans of the run have a mask."""
    sources = material.scans.loc[material.members.index, "mask_source"]
    return bool(sources.ne("none").all())


def _prepared(material: Material) -> PreprocessSettings | None:
    prepared = material.study.info.prepared
    return None if prepared is None else prepared.settings
