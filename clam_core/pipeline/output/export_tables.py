"""Associations of a run as files that other programs read."""

from __future__ import annotations

import pandas as pd

from clam_core.export.formulas import csv_bytes
from clam_core.export.office import to_latex, to_word, to_workbook
from clam_core.report.tables.table_one_shown import table_one_shown, table_one_words
from clam_core.statistics import CSV_COLUMNS
from clam_core.study.associations import Associations

TITLE = "Table 1. Subjects by cluster"


def association_files(found: Associations) -> dict[str, bytes]:
    """Names and contents of the files of a run's associations.

    Args:
        found: What the step `associate` stored.

    Returns:
        associations.csv with the fixed columns; associations.xlsx with everything;
        Table 1 as CSV, LaTeX and Word.
    """
    one = table_one_shown(found)
    about = found.about
    notes = [str(one) for one in (about["headline"], *about["qualifications"], *about["notes"])]
    return {
        "associations.csv": csv_bytes(found.rows.reindex(columns=list(CSV_COLUMNS))),
        "associations.xlsx": to_workbook(_sheets(found, notes)),
        "table_one.csv": csv_bytes(found.table("table_one")),
        "table_one.tex": to_latex(one, TITLE).encode(),
        "table_one.docx": to_word(one, TITLE, [table_one_words(found), *notes]),
    }


def _sheets(found: Associations, notes: list[str]) -> dict[str, pd.DataFrame]:
    names = (
        *(
            "pairs",
            "contrasts",
            "adjusted_means",
            "equivalence",
            "confounding",
            "within",
            "table_one",
        ),
        *("slopes", "slope_pairs", "cox", "restricted_means", "restricted_pairs"),
        *("incidence", "rates", "rate_pairs"),
    )
    sheets = {"associations": found.rows}
    sheets |= {name: found.table(name) for name in names if len(found.table(name))}
    settings = found.about["settings"].items()
    about = [("note", note) for note in notes]
    about += [("setting", f"{name} = {value}") for name, value in settings]
    about += [("version", f"{name} {one}") for name, one in found.about["libraries"].items()]
    about += [("digest of the inputs", str(found.about["inputs"]))]
    return sheets | {"about": pd.DataFrame(about, columns=["what", "text"])}
