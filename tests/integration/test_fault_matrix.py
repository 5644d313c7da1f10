"""Every kind of file of a study damaged, under every use: the same result, or one sentence."""

import hashlib
import re
import shutil

import numpy as np
import pytest
from typer.testing import CliRunner

from clam_core.__main__ import app
from clam_core.read.nifti import write_nifti
from tests.pipeline.scans.test_check_study import files_of, flipped, halved, removed, whole

__all__ = ["whole"]

USES = {
    "fit": ["fit", "{study}", "--run", "other", "--preset", "fast", "--epochs", "1"],
    "localize": ["localize", "{study}", "--run", "r", "--variant", "paper", "--workers", "1"],
    "associate": ["associate", "{study}", "--run", "r"],
    "tables": ["export", "{study}", "--run", "r", "--what", "tables", "--to", "{out}"],
    "maps": ["export", "{study}", "--run", "r", "--what", "maps", "--to", "{out}"],
    "report": ["report", "{study}", "--run", "r", "--to", "{out}/report.html"],
    "assign": ["assign", "{study}", "{scan}", "--run", "r", "--json"],
}
SENTENCE = re.compile(r"""^(Error: |{"error": ").+\.("})?$""", re.MULTILINE)
ABSENT = {"selection.json", "names.json", "plain.json", "maps.parquet"}
"""Files without which a study is one in which that step has not been run."""


def ends_of_arrays(names):
    """The files, of the chunks of an array the first and the last alone."""
    chunks = {}
    for name in names:
        array, mark, _ = name.partition("/c/")
        chunks.setdefault(array if mark else name, []).append(name)
    by_row = ((sorted(one, key=lambda name: (len(name), name))) for one in chunks.values())
    return [name for one in by_row for name in dict.fromkeys((one[0], one[-1]))]


def result(use, study, out, scan):
    """Exit code, what was said, and the digest of what was written where the use asked."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    given = {"study": study, "out": out, "scan": scan}
    done = CliRunner().invoke(app, [part.format(**given) for part in USES[use]])
    files = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*.*"))
    }
    said = done.stdout if use == "assign" else ""
    return done.exit_code, done.output, (files, said)


@pytest.mark.slow
@pytest.mark.parametrize("use", USES)
def test_a_damaged_file_is_a_sentence_or_does_no_harm(whole, tmp_path, use):
    scan = tmp_path / "new.nii.gz"
    rng = np.random.default_rng(1)
    write_nifti(scan, rng.normal(-700, 200, (24, 24, 24)).astype(np.int16), np.diag([4, 4, 4, 1.0]))
    copy, out = tmp_path / "s", tmp_path / "out"

    def fresh():
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(whole.folder, copy)

    fresh()
    code, output, expected = result(use, copy, out, scan)
    assert code == 0, output
    harmed = []
    for name in ends_of_arrays(files_of(whole)):
        for damage in (removed, halved, flipped):
            fresh()
            damage(copy / name)
            code, output, found = result(use, copy, out, scan)
            case = (name, damage.__name__)
            assert "fault of the software" not in output, (case, output)
            assert code in {0, 2}, (case, output)
            if code == 2:
                assert SENTENCE.search(output), (case, output)
            elif found != expected and not (damage is removed and name.split("/")[-1] in ABSENT):
                harmed.append(case)
    assert harmed == []
