"""A blinded reading study: its protocol, how far it is, agreement, and its files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from clam_core.pipeline.declared_steps.declaration import Option, step
from clam_core.pipeline.declared_steps.shared_options import Overwrite, Seed
from clam_core.pipeline.declared_steps.written import IDS, NAMES
from clam_core.pipeline.progress import Progress
from clam_core.pipeline.summary import Summary

ReadingName = Annotated[str, Option("Name of the reading study.", flag="--name")]


@step(
    "Making the reading study",
    needs="volumes",
    writes="a protocol, and where maps are rated their controls",
    stages={"Making control maps": 1.0},
)
def reading_protocol(
    study: Path,
    *,
    readers: Annotated[
        tuple[str, ...], Option("Names or initials of the readers, with commas.", written=NAMES)
    ],
    name: ReadingName = "reading",
    items: Annotated[
        str,
        Option(
            "What is scored: fibrosis, sarcoidosis, emphysema, one_grade, or a JSON file with a "
            "list of items."
        ),
    ] = "fibrosis",
    scans: Annotated[
        tuple[str, ...] | None, Option("Ids with commas; all if not given.", written=IDS)
    ] = None,
    draw: Annotated[
        int | None, Option("So many scans, drawn at random; all if not given.", lowest=2)
    ] = None,
    repeats: Annotated[
        float, Option("Share of the scans that every reader sees twice.", lowest=0)
    ] = 0.1,
    agreed: Annotated[
        str, Option("How readers become one value: mean, median, or the name of a reader.")
    ] = "mean",
    maps_of: Annotated[
        str, Option("Run whose maps are rated after the scores; none if not given.")
    ] = "",
    maps: Annotated[int, Option("So many maps are rated at the most.", lowest=2)] = 40,
    controls: Annotated[
        tuple[str, ...],
        Option("Kinds of control maps: other_cluster, other_scan, shuffled.", written=NAMES),
    ] = ("other_cluster", "other_scan", "shuffled"),
    title: Annotated[str, Option("What the reading study is about.")] = "",
    seed: Seed = 0,
    progress: Progress,
) -> Summary:
    """Make a blinded reading study; it can be made anew until the first answer."""
    from clam_core.pipeline.reading.make_protocol import ProtocolWish, make_protocol
    from clam_core.study import Study

    kinds: Any = controls
    wish = ProtocolWish(
        name, readers, items, scans, draw, repeats, agreed, maps_of, maps, kinds, title, seed
    )
    return make_protocol(Study(study), wish, progress)


@step(
    "Looking at the reading study",
    needs="a reading study",
    writes="nothing: how far every reader is",
    stages={},
)
def reading_status(study: Path, *, name: ReadingName = "reading", progress: Progress) -> Summary:
    """Tell how far every reader of a reading study is, and nothing of what they said."""
    from clam_core.pipeline.reading.reading_files import status
    from clam_core.study import Study

    return status(Study(study), name, progress)


@step(
    "Comparing the readers",
    needs="a reading study that all readers have locked",
    writes="nothing: agreement, and whether maps point at disease",
    stages={},
)
def reading_agreement(study: Path, *, name: ReadingName = "reading", progress: Progress) -> Summary:
    """Tell how far readers agree, and whether they find that maps point at disease."""
    from clam_core.pipeline.reading.reading_files import agreement
    from clam_core.study import Study

    return agreement(Study(study), name, progress)


@step(
    "Writing the scores",
    needs="a reading study that all readers have locked",
    writes="CSV and XLSX with scores, agreement and ratings, in a folder",
    stages={},
)
def reading_export(
    study: Path,
    *,
    to: Annotated[Path, Option("Folder to write to.")],
    name: ReadingName = "reading",
    remarks: Annotated[bool, Option("Write free text as well; it may name persons.")] = False,
    overwrite: Overwrite = False,
    progress: Progress,
) -> Summary:
    """Write the scores of every reader, the agreed values, agreement and ratings of maps."""
    from clam_core.pipeline.output.destination import Destination
    from clam_core.pipeline.reading.reading_files import export
    from clam_core.study import Study

    opened = Study(study)
    where = Destination(opened, to, overwrite=overwrite)
    return export(opened, name, where, progress, with_remarks=remarks)
