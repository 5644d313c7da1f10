"""Items that need not be written anew: sets of them by name."""

from __future__ import annotations

from clam_core.reading_study.protocol import Item

_EXTENT = ("none", "1 to 25 %", "26 to 50 %", "51 to 75 %", "over 75 %")
_CONFIDENCE = Item(
    name="confidence", label="How sure are you?", lowest=1, highest=5, needed=False,
    words=("not at all", "little", "somewhat", "sure", "very sure"),
)  # fmt: skip
_QUALITY = Item(
    name="quality", label="Can the scan be read?", lowest=1, highest=3,
    words=("no", "with limits", "well"),
)  # fmt: skip
_REMARK = Item(name="remark", label="Remark", kind="text", needed=False)

READY_ITEMS: dict[str, tuple[Item, ...]] = {
    "fibrosis": (
        Item(name="ground_glass", label="Ground glass", words=_EXTENT),
        Item(name="reticulation", label="Reticulation", words=_EXTENT),
        Item(name="honeycombing", label="Honeycombing", words=_EXTENT),
        Item(
            name="traction_bronchiectasis",
            label="Traction bronchiectasis",
            highest=3,
            words=("none", "mild", "moderate", "severe"),
        ),
        Item(name="fibrosis_extent", label="Extent of fibrosis", kind="percent"),
        _CONFIDENCE,
        _QUALITY,
        _REMARK,
    ),
    "sarcoidosis": (
        Item(name="nodules", label="Perilymphatic nodules", highest=3,
             words=("none", "mild", "moderate", "severe")),
        Item(name="ground_glass", label="Ground glass", words=_EXTENT),
        Item(name="fibrosis", label="Fibrosis", words=_EXTENT),
        Item(name="lymph_nodes", label="Enlarged lymph nodes", kind="yes_no"),
        Item(name="scadding_ct_surrogate", label="Scadding, CT surrogate",
             words=("0", "I", "II", "III", "IV")),
        _CONFIDENCE,
        _QUALITY,
        _REMARK,
    ),
    "emphysema": (
        Item(name="emphysema", label="Emphysema", words=_EXTENT, zones=True),
        Item(name="pattern", label="Main pattern", kind="choice",
             words=("none", "centrilobular", "paraseptal", "panlobular")),
        Item(name="airway_wall", label="Thickened airway walls", highest=3,
             words=("none", "mild", "moderate", "severe")),
        _CONFIDENCE,
        _QUALITY,
        _REMARK,
    ),
    "one_grade": (
        Item(name="severity", label="Severity of what you see",
             words=("none", "mild", "moderate", "severe", "very severe")),
    ),
}  # fmt: skip
"""By name. Scadding's stages are defined on radiographs, so here they are called a surrogate."""
