"""A small study without any file of scans behind it."""

import numpy as np
import pandas as pd

from clam_core.settings import PreprocessSettings
from clam_core.study import Prepared, ScanWriter, StudyInfo, create_study

GRID = (8, 9, 10)


def info(**values):
    given = {"spatial_dims": 3, "modality": "CT", "unit": "HU", "scans_root": ".", "key_id": "k"}
    return StudyInfo(**{**given, **values})


def scans(n=3):
    table = pd.DataFrame(
        {"subject_id": [f"p{r}" for r in range(n)], "status": "found", "reason": ""},
        index=pd.Index([f"s{r}" for r in range(n)], name="scan_id"),
    )
    return table.astype({"status": "str", "reason": "str", "subject_id": "str"})


def empty(folder, n=3):
    files = pd.DataFrame({"scan_id": [], "role": [], "path": [], "member": []})
    skipped = pd.DataFrame({"source": [], "kind": [], "n_files": [], "reason": []})
    return create_study(folder, info(), scans(n), files, skipped)


def volume(row):
    return np.full(GRID, row + 1, np.int16)


def lines(row):
    return {"scan_id": f"s{row}", "status": "ready", "mask_source": "none"}


def arrays(row):
    return {"volume": volume(row), "picture": np.frombuffer(b"png%d" % row, np.uint8)}


def ready_table(study):
    table = study.scans()
    table["status"] = "ready"
    table["mask_source"] = "none"
    table["affine"] = [np.eye(4).ravel().tolist()] * len(table)
    return table


def prepared(fingerprint="f"):
    return Prepared(settings=PreprocessSettings(grid=GRID), fingerprint=fingerprint, n_ready=3)


def fill(study, fingerprint="f"):
    with study.lock(), ScanWriter(study, GRID) as writer:
        done = {line["scan_id"] for line in writer.start(fingerprint)}
        for row in range(len(study.scans())):
            if f"s{row}" not in done:
                writer.write(row, arrays(row), lines(row))
        writer.commit(ready_table(study), prepared(fingerprint))
