"""Methods: a paragraph for a paper, written from the settings; versions, seeds, digests."""

from __future__ import annotations

import pandas as pd

from clam_core import __version__
from clam_core.report.html import Figures, Html, join, paragraph, table, tag
from clam_core.report.material import Material
from clam_core.report.phrases import listed
from clam_core.report.references import cited
from clam_core.report.sections.follow_up_methods import follow_up_words
from clam_core.report.sections.preparation import grid_words, input_words, mask_words
from clam_core.report.sections.training import grouping_words, network_words
from clam_core.settings.map_variants import map_description
from clam_core.statistics.headline import checked, uncapitalized
from clam_core.study.associations import Associations
from clam_core.wording import plural

_CORRECTIONS = {
    "bh": "by Benjamini-Hochberg (false discovery rate 5 %)",
    "holm": "by Holm",
    "by": "by Benjamini-Yekutieli",
}


_CHECKED = (
    "For the number of variables that differ, p-values of Welch's test and of regression models "
    "that would have been counted were computed again: by permutation of residuals (Freedman and "
    "Lane) with a statistic that allows for unequal spread, or for levels by draws from the model "
    "without the clusters. The larger of the two p-values was corrected over all variables."
)


def write(material: Material, figures: Figures) -> Html:  # noqa: ARG001
    """The paragraph, where the numbers come from, and the literature."""
    texts = [image_words(material), method_words(material), map_words(material)]
    texts += [association_words(material), software_words(material)]
    works = [tag("li", work) for work in cited(material)]
    return join(
        [
            *(paragraph(text) for text in texts if text),
            tag("h3", "Provenance"),
            _provenance(material),
            tag("h3", "References"),
            tag("ol", *works, class_="references"),
        ]
    )


def image_words(material: Material) -> str:
    """From files to inputs."""
    return " ".join(part for part in (grid_words(material), mask_words(material),
                                      input_words(material)) if part)  # fmt: skip


def method_words(material: Material) -> str:
    """Network, clusters, their number, the plane."""
    info = material.info
    plane = "UMAP" if info.plane == "umap" else "their first two principal components"
    parts = [network_words(material), grouping_words(material)]
    if material.selection is not None:
        settings = material.selection["settings"]
        parts.append(
            f"Numbers of clusters from {settings['k_min']} to {settings['k_max']} were compared by "
            f"silhouette, {settings['n_bootstrap']} resampled cohorts (Jaccard index), "
            f"{settings['n_seeds']} starts and {settings['n_references']} cohorts without "
            "structure."
        )
    return " ".join([*parts, f"For display, scans were placed on a plane by {plane}."])


def map_words(material: Material) -> str:
    """How maps were made and tested."""
    localized = material.info.localized
    if localized is None:
        return ""
    settings = localized["settings"]
    variant = str(settings["variant"])
    steps = f", {settings['n_steps']} steps" if variant == "integrated" else ""
    compared = ""
    if localized.get("randomization") is not None:
        compared = ", and maps were compared with those of a network with random weights"
    return (
        f"Cluster activation maps show where a scan is recognised as a member of its cluster: "
        f"{map_description(variant)} (encoder layer {localized['layer']}{steps}; reference: "
        f"{localized['reference']}). Each map was tested by deletion and insertion of voxels "
        f"against random smooth maps{compared}."
    )


def association_words(material: Material) -> str:
    """How clusters were compared with the clinical table."""
    associations = material.associations
    if associations is None:
        return ""
    settings = associations.about["settings"]
    tests = sorted({str(test) for test in associations.rows["test"] if test})
    n_tests = int(associations.about["n_tests"])
    text = (
        f"{plural(n_tests, 'clinical variable')} were compared between the "
        f"clusters ({'; '.join(tests)}; chosen by the kind of variable, without a test of "
        "normality); "
        "effect sizes are given with 95 % intervals (shares of variance and Cramér's V with 90 % "
        "intervals, which agree with their one-sided tests), and p-values were corrected within "
        f"families "
        f"{_CORRECTIONS[settings['correction']]}."
    )
    if len(checked(associations.rows)):
        text += f" {_CHECKED}"
    text += _adjusted_words(associations)
    if settings.get("label_draws"):
        text += (
            f" Uncertainty of the clusters was carried into tests by {settings['label_draws']} "
            "draws from the soft assignment, pooled by Rubin's rules."
        )
    if len(associations.table("equivalence")):
        text += " Clusters were called alike by two one-sided tests against stated bounds."
    within = associations.table("within")
    if len(within):
        site = uncapitalized(str(within["within"].iloc[0]))
        text += (
            f" Clusters were also compared within each {site} (ranks by van Elteren's test, levels "
            "by the generalised test of Cochran, Mantel and Haenszel; label shuffles within each "
            f"{site} where counts are small)."
        )
    if more := follow_up_words(associations.about):
        text += f" {more}"
    equations = sorted({one.equation for one in material.columns or [] if one.equation})
    if equations:
        text += f" Lung function was expressed by reference equations: {'; '.join(equations)}."
    return text


def _adjusted_words(associations: Associations) -> str:
    """How covariates were held constant; nothing where there are none."""
    settings = associations.about["settings"]
    if not settings["adjust"]:
        return ""
    names = listed([uncapitalized(associations.label(str(name))) for name in settings["adjust"]])
    text = f" Adjusted models hold {names} constant."
    if settings.get("adjust_by") == "weights":
        text = (
            f" Adjusted results weight each row by the inverse probability of its cluster given "
            f"{names} (multinomial model; CR2 standard errors, Satterthwaite's degrees of freedom)."
        )
    if settings.get("impute"):
        text += (
            f" Missing covariates were imputed {settings['impute']} times by chained equations "
            "(predictive mean matching; the variable and the clusters among the predictors) "
            "and results pooled by Rubin's rules with Barnard and Rubin's degrees of freedom."
        )
    return text


def software_words(material: Material) -> str:
    """Programs, their versions and the seed."""
    libraries = ", ".join(f"{name} {v}" for name, v in sorted(_libraries(material).items()))
    return (
        f"Analyses were made with CLAM Explorer {material.info.version} ({libraries}); seed "
        f"{material.info.settings.get('seed', 0)}."
    )


def _libraries(material: Material) -> dict[str, str]:
    libraries = dict(material.info.libraries)
    if material.associations is not None:
        libraries |= {str(k): str(v) for k, v in material.associations.about["libraries"].items()}
    return libraries


def _provenance(material: Material) -> Html:
    info, prepared = material.info, material.study.info.prepared
    rows = [
        ("Run", f"{info.name} of the study {material.study.name}"),
        ("Software of the fit", f"CLAM Explorer {info.version}"),
        ("Software of this report", f"CLAM Explorer {__version__}"),
        ("Computed on", info.device),
        ("Libraries", ", ".join(f"{n} {v}" for n, v in sorted(_libraries(material).items()))),
        ("Seed of the fit", str(info.settings.get("seed", 0))),
        ("Digest of the volumes and masks", info.inputs),
    ]
    if prepared is not None:
        rows.append(("Digest of preprocessing", prepared.fingerprint))
    if material.associations is not None:
        about = material.associations.about
        rows.append(("Seed of the associations", str(about["settings"]["seed"])))
        rows.append(("Digest of clusters and clinical table", str(about["inputs"])))
    shown = pd.DataFrame(
        [(k, tag("code", v) if k.startswith("Digest") else v) for k, v in rows],
        columns=["What", "Value"],
    )
    caption = "Where the numbers come from: same digests, settings and versions, same numbers."
    return table(shown, caption)
