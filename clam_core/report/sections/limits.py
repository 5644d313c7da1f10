"""Limits: what a reader must not conclude from this report."""

from __future__ import annotations

from clam_core.report.html import Figures, Html, bullets
from clam_core.report.material import Material
from clam_core.report.sections.maps import artefacts
from clam_core.report.sections.number_of_clusters import jaccard_of
from clam_core.report.sections.preparation import masked
from clam_core.settings.verdicts import STABLE, UNSURE
from clam_core.study.associations import Associations


def write(material: Material, figures: Figures) -> Html:  # noqa: ARG001
    """Limits that always hold, and those of this study."""
    return bullets([*_own(material), *_GENERAL])


_GENERAL = (
    "Clusters are descriptions of this cohort, not diagnoses. Whether they are found elsewhere "
    "needs another cohort.",
    "All tests take the clusters as given. If settings or their number were chosen by looking at "
    "clinical results, p-values are too small.",
    "An association is not a cause, and a map shows what the model uses, not what is diseased.",
    "Research use only: not a medical device, not for decisions about a patient.",
)


def _of_maps(material: Material) -> list[str]:
    suspects = artefacts(material)
    if not suspects:
        return []
    return [
        "Recognised mostly at the border of the lungs or at the hilum, where masks and breathing "
        f"differ, too: cluster {', '.join(str(n) for n in suspects)}."
    ]


def _own(material: Material) -> list[str]:
    """Limits that follow from this study."""
    limits = []
    n_scans = len(material.members)
    if n_scans < 100:
        limits.append(
            f"The cohort is small ({n_scans} scans): rare patterns cannot become clusters, and "
            "small differences cannot be seen."
        )
    selection = material.selection
    if selection is None:
        limits.append("Whether the scans fall into clear groups at all was not tested.")
    elif selection["recommended"] is None:
        limits.append("The comparison of numbers of clusters found no clear groups.")
    elif selection["recommended"] != material.info.n_clusters:
        limits.append(
            f"The comparison of numbers of clusters recommends {selection['recommended']}, this "
            f"run has {material.info.n_clusters}."
        )
    weak = [str(n) for n, one in enumerate(jaccard_of(material), start=1) if one < STABLE]
    if weak:
        limits.append(f"Not found again reliably in resampled cohorts: cluster {', '.join(weak)}.")
    limits += _of_maps(material)
    unsure = float((material.members["confidence"] < UNSURE).mean())
    if unsure > 0.2:
        limits.append(f"{100 * unsure:.0f} % of the scans lie between clusters (confidence below "
                     f"{UNSURE:g}).")  # fmt: skip
    if not masked(material):
        limits.append("Scans without a mask were clustered with everything in the field of view.")
    if material.associations is not None:
        limits += _of_associations(material.associations)
    n_failed = int((material.scans["status"] == "failed").sum())
    if n_failed:
        share = 100 * n_failed / len(material.scans)
        limits.append(f"{share:.0f} % of the scans failed and are missing here; they may differ.")
    return limits


def _of_associations(found: Associations) -> list[str]:
    """Limits that follow from what was compared."""
    limits = []
    tested = found.rows[found.rows["p_value"].notna()]
    if (tested["family"] == "visual scores").any():
        limits.append(
            "Visual scores were read from the same scans that the clusters were made of: their "
            "association says what the clusters look like, not that a second source confirms them."
        )
    if found.about.get("banner"):
        limits.append(str(found.about["banner"]))
    return limits
