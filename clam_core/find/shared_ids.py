"""Patient ids that several people share: counted as one subject, so it is said."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from clam_core.files.found_scan import FoundScan
from clam_core.read.dicom.series.patients import differences
from clam_core.wording import plural


def note_shared_ids(scans: Sequence[FoundScan]) -> tuple[list[FoundScan], list[str]]:
    """Say of scans that have one PatientID, but other names, birth dates or sexes.

    Names may differ by a marriage or a typing error, so the scans stay one subject; a table
    of scans can tell them apart.

    Args:
        scans: Named scans.

    Returns:
        The scans with their notes, and a sentence about them all; names nobody.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for row, scan in enumerate(scans):
        if scan.patient_id:
            groups[scan.patient_id].append(row)
    noted, n_ids = list(scans), 0
    for rows in groups.values():
        differ = differences([scans[row].person for row in rows])
        if not differ:
            continue
        n_ids += 1
        what = " and ".join(differ)
        for row in rows:
            note = (
                f"Scans with this patient id have other {what}: they may be several people, and "
                "count as one subject; give their subjects in a table of scans."
            )
            noted[row] = replace(noted[row], notes=(*noted[row].notes, note))
    if not n_ids:
        return noted, []
    said = "has" if n_ids == 1 else "have"
    return noted, [
        f"{plural(n_ids, 'patient id')} {said} scans whose names, birth dates or sexes differ: "
        "they may be several people, and count as one subject each; see the notes of the scans, "
        "and give their subjects in a table of scans."
    ]
