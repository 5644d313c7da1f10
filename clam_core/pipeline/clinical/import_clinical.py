"""Step `clinical`: a table of clinical values is joined to the scans of a study."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from clam_core.errors import TableError
from clam_core.pipeline.clinical.hospital_numbers import number_codes
from clam_core.pipeline.clinical.open_table import read_table_of_study
from clam_core.pipeline.progress import Progress, silent
from clam_core.pipeline.summary import Summary
from clam_core.study import Study
from clam_core.tables.declared import Declared
from clam_core.tables.import_table import ClinicalImport, ClinicalOptions, import_clinical
from clam_core.wording import plural


def import_table(
    study: Study, path: Path, options: ClinicalOptions | None = None, progress: Progress = silent
) -> Summary:
    """Read a table, join it to the study's scans or subjects, and store it typed.

    Args:
        study: The study.
        path: CSV, TSV, XLSX or Parquet.
        options: What the user decided about ids and columns.
        progress: Told what is going on.

    Returns:
        The join report and what was assumed about each column, in sentences.

    Raises:
        ReadError, TableError: If the table cannot be read or joined; the table that
            was stored before stays.
    """
    progress("Reading the table", 0, 1)
    options = options or ClinicalOptions()
    scans = study.scans()
    ids = [str(one) for one in (*scans.index, *scans["subject_id"].unique())]
    table = read_table_of_study(path, options.sheet, ids)
    codes = number_codes(study)
    earlier = None if options.forget_declared else declared_of(study)
    try:
        done = import_clinical(table, scans, options, codes.id_hash, earlier)
    except TableError as error:
        # A near miss stays one: the page offers to take it.
        raise type(error)(" ".join(filter(None, (str(error), codes.missing)))) from error
    report, is_named = done.report, options.id_column is not None
    notes = codes.check(report.n_matched, report.n_scans, is_named=is_named)
    study.write_clinical(done.frame, done.description())
    return _summary(done, notes)


def declared_of(study: Study) -> Declared:
    """What was declared for the stored table; nothing without one, or in older studies."""
    stored = study.clinical()
    values = stored[1].get("declared", {}) if stored is not None else {}
    return Declared.from_json(values)


def _summary(done: ClinicalImport, notes: tuple[str, ...]) -> Summary:
    kinds = Counter(info.kind for info in done.columns)
    listed = ", ".join(f"{n} {kind.replace('_', ' ')}" for kind, n in kinds.most_common())
    sentences = [
        *done.sentences(),
        *notes,
        f"{plural(len(done.columns), 'column')} stored: {listed}.",
    ]
    values = {
        "n_matched": done.report.n_matched,
        "n_scans": done.report.n_scans,
        "level": done.report.level,
        "id_column": done.report.id_column,
        "n_near_misses": 0 if done.report.near_misses_applied else len(done.report.near_misses),
        "columns": {info.name: info.to_json() for info in done.columns},
    }
    return Summary(tuple(sentences), values)
