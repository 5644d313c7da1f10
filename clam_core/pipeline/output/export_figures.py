"""Figures of a run's associations as files for a paper."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import pandas as pd

from clam_core.export.formulas import csv_bytes
from clam_core.report.drawings import Drawing, all_drawings
from clam_core.report.vector import file_stem, to_pdf, to_svg
from clam_core.study.associations import Associations

CAPTIONS, VARIABLES = "captions.txt", "figures.csv"


def drawing_files(drawn: Drawing) -> dict[str, bytes]:
    """Endings and contents of the files of one drawing."""
    return {"svg": to_svg(drawn.picture), "pdf": to_pdf(drawn.picture, drawn.caption)}


def figure_files(found: Associations) -> Iterator[tuple[str, bytes]]:
    """Names and contents: every figure as SVG and PDF, and then the captions of all.

    A table follows that tells the variable of each file, if the name of one had to be changed.

    Args:
        found: What the step `associate` stored.
    """
    captions, variables, is_changed = [], {}, False
    for name, drawn in all_drawings(found).items():
        stem = file_stem(name)
        kind, _, variable = name.partition(" ")
        is_changed |= bool(variable) and stem != f"{kind}_{variable}"
        captions.append(f"{stem}\n{drawn.caption}\n")
        for ending, content in drawing_files(drawn).items():
            variables[f"{stem}.{ending}"] = variable
            yield f"{stem}.{ending}", content
    yield CAPTIONS, "\n".join(captions).encode()
    if is_changed:
        named = [(file, variable) for file, variable in variables.items() if variable]
        yield VARIABLES, csv_bytes(pd.DataFrame(named, columns=["file", "variable"]))


def figures_archive(found: Associations) -> bytes:
    """All of them in one ZIP archive; the same results give the same bytes."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as archive:
        for name, content in figure_files(found):
            archive.writestr(ZipInfo(name), content, ZIP_DEFLATED)
    return packed.getvalue()
