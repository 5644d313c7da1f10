"""The report as one file: title, contents, sections, style."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from clam_core import __version__
from clam_core.errors import SettingsError
from clam_core.report.html import Figures, Html, bullets, paragraph, tag
from clam_core.report.material import Material
from clam_core.report.phrases import listed, number, sentence
from clam_core.report.sections import (
    associations,
    clusters,
    cohort,
    limits,
    maps,
    methods,
    plane,
    preparation,
    reading_study,
    table_one,
    training,
)
from clam_core.report.sections import number_of_clusters as number_section
from clam_core.report.settings import SECTIONS, ReportSettings, SectionName
from clam_core.settings.verdicts import caution_of_size
from clam_core.study import Run
from clam_core.wording import plural

Progress = Callable[[str, int, int], None]
Missing = Callable[[Material], str]


def _nothing(material: Material) -> str:  # noqa: ARG001
    return ""


@dataclass(frozen=True)
class Section:
    """A part of the report.

    Attributes:
        title: Its heading.
        about: What it holds, one sentence in plain words.
        write: Writes it.
        missing: Says which step is missing; empty where nothing is.
    """

    title: str
    about: str
    write: Callable[[Material, Figures], Html]
    missing: Missing = _nothing


GENERATOR = "CLAM Explorer report"
"""What the head of every report says of its maker; a new report may replace an old one."""

PARTS: dict[SectionName, Section] = {
    "cohort": Section(
        "Cohort and exclusions",
        "Which scans were found, which failed and why, which files were skipped.",
        cohort.write,
    ),
    "preparation": Section(
        "Preparation of the scans",
        "Grid, masks and brightness in words.",
        preparation.write,
    ),
    "training": Section("Training", "The network and its learning curves.", training.write),
    "number": Section(
        "Number of clusters and stability",
        "How many clusters the scans speak for, and whether they are found again.",
        number_section.write,
        number_section.missing,
    ),
    "plane": Section("Map of the cohort", "Every scan as a point, by cluster.", plane.write),
    "clusters": Section(
        "Clusters",
        "Mean scan and mean map, typical and borderline scans of each cluster.",
        clusters.write,
        clusters.missing,
    ),
    "maps": Section(
        "What the maps show",
        "Lung zones and densities, and whether the maps can be believed.",
        maps.write,
        maps.missing,
    ),
    "table_one": Section(
        "Table 1",
        "Subjects by cluster: every clinical variable.",
        table_one.write,
        table_one.missing,
    ),
    "associations": Section(
        "Clinical associations",
        "What differs between the clusters, with effects, tests and plots.",
        associations.write,
        associations.missing,
    ),
    "reading_study": Section(
        "Reading study",
        "What readers scored blind, how far they agree, and whether maps point at disease.",
        reading_study.write,
    ),
    "limits": Section("Limits", "What must not be concluded.", limits.write),
    "methods": Section(
        "Methods, provenance and references",
        "A methods paragraph for a paper, versions, seeds, digests, citations.",
        methods.write,
    ),
}


@dataclass(frozen=True)
class OutlineRow:
    """A section as the reader is told of it beforehand.

    Attributes:
        name: Its name in the settings.
        title: Its heading.
        about: What it holds.
        missing: Which step is missing; empty where nothing is.
    """

    name: SectionName
    title: str
    about: str
    missing: str


def outline(run: Run) -> list[OutlineRow]:
    """What a report of a run would hold, and what is missing for it.

    Args:
        run: A fitted run.

    Returns:
        One row per section, in order.
    """
    material = Material(run, ReportSettings())
    return [
        OutlineRow(name, part.title, part.about, part.missing(material))
        for name, part in ((name, PARTS[name]) for name in SECTIONS)
    ]


def build_report(
    run: Run,
    settings: ReportSettings | None = None,
    progress: Progress | None = None,
) -> bytes:
    """Write the report of a run from what is stored; the same study gives the same bytes.

    Args:
        run: A fitted run.
        settings: Which sections, how many examples.
        progress: Told which section is being written.

    Returns:
        One HTML file, UTF-8, that needs nothing else: no scripts, no network.

    Raises:
        MissingStepError: If the run has not been fitted.
    """
    from threadpoolctl import threadpool_limits

    material = Material(run, settings or ReportSettings())
    with threadpool_limits(1):  # sums in another order would round a pixel otherwise
        bodies = _sections(material, progress or _quiet)
    page = tag(
        "html",
        _head(material),
        tag(
            "body",
            _header(material),
            _contents(material.settings),
            tag("main", *bodies),
            _footer(),
        ),
        lang="en",
    )
    return f"<!DOCTYPE html>\n{page}\n".encode()


def _quiet(stage: str, done: int, total: int) -> None:
    """Tell nobody."""


def _sections(material: Material, progress: Progress) -> list[Html]:
    settings, figures, bodies = material.settings, Figures(), []
    for n, name in enumerate(settings.sections):
        part = PARTS[name]
        progress(f"Writing: {part.title}", n, len(settings.sections))
        heading = tag("h2", f"{n + 1}. {part.title}")
        bodies.append(tag("section", heading, part.write(material, figures), id=_anchor(name)))
    return bodies


def _anchor(name: str) -> str:
    return name.replace("_", "-")


def _head(material: Material) -> Html:
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    if "<" in style:
        raise SettingsError("The style sheet of the report is damaged; install the program again.")
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    return tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="generator", content=GENERATOR),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("title", f"{material.study.name}: run {material.run.name}"),
        tag("style", Html(style)),
    )


def _header(material: Material) -> Html:
    return tag(
        "header",
        paragraph("CLAM Explorer report", class_="kicker"),
        tag("h1", material.study.name),
        paragraph(f"Run {material.run.name}", class_="subtitle"),
        paragraph("Research use only: not a medical device.", class_="research"),
        tag("div", tag("h2", "At a glance"), bullets(glance(material)), class_="glance"),
    )


def glance(material: Material) -> list[str]:
    """The findings in a few sentences."""
    counts = material.scans["status"].value_counts()
    n_failed = int(counts.get("failed", 0))
    failed = f"; {plural(n_failed, 'scan')} failed" if n_failed else ""
    sizes = listed([str(size) for size in material.sizes.values()])
    confidence = number(float(material.members["confidence"].median()))
    texts = [
        f"{plural(len(material.members), 'scan')} in {material.info.n_clusters} clusters of "
        f"{sizes} (median confidence {confidence}){failed}.",
    ]
    if caution := caution_of_size(len(material.members)):
        texts.append(caution)
    if material.selection is not None:
        texts.append(sentence(str(material.selection["reason"])))
    if material.associations is not None:
        texts.append(sentence(str(material.associations.about["headline"])))
    faithfulness = (material.info.localized or {}).get("faithfulness")
    if faithfulness:
        share = 100 * float(faithfulness["share_moved_as_it_should"])
        texts.append(f"{share:.0f} % of the maps moved the assignment as they should.")
    return texts


def _contents(settings: ReportSettings) -> Html:
    items = [
        tag("li", tag("a", PARTS[name].title, href=f"#{_anchor(name)}"))
        for name in settings.sections
    ]
    return tag("nav", tag("h2", "Contents"), tag("ol", *items), aria_label="Contents")


def _footer() -> Html:
    return tag(
        "footer",
        paragraph(f"CLAM Explorer {__version__}. Research use only: not a medical device."),
    )
