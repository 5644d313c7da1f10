"""Found scans from listings of paths, so that layouts of thousands of files need no files."""

from pathlib import Path, PurePosixPath

from clam_core.files.file_ref import FileRef
from clam_core.files.found_scan import FoundScan
from clam_core.files.personal_names import stem
from clam_core.find.layouts.recognise import recognise
from clam_core.find.scan_and_subject_ids import name_scans


def image(path, **values):
    """One NIfTI file at a path."""
    pure = PurePosixPath(path)
    ref = FileRef(Path("/data") / path)
    values = {"n_axes": 3, **values}
    return FoundScan("nifti", (ref,), place=pure.parts[:-1], stem=stem(pure.name), **values)


def series(folder, **values):
    """One DICOM series of three files in a folder."""
    refs = tuple(FileRef(Path("/data") / folder / f"1-{n}.dcm") for n in range(3))
    values = {"n_axes": 3, "modality": "CT", **values}
    return FoundScan("dicom", refs, place=PurePosixPath(folder).parts, **values)


def look(scans, doubt="", ids="auto", file_names=()):
    """What the layout says: scans by id, skipped paths, notes."""
    scans = [image(one) if isinstance(one, str) else one for one in scans]
    scans = sorted(scans, key=lambda scan: (scan.place, scan.stem))
    seen = recognise(scans, file_names, lambda _: doubt)
    ordered = sorted(seen.scans, key=lambda scan: (scan.place, scan.stem))
    named, _ = name_scans(ordered, "in", "key", ids)
    found = {scan.scan_id: scan for scan in named}
    assert len(found) == len(named)
    skipped = [str(ref.path.relative_to("/data")) for item in seen.skipped for ref in item.files]
    used = [ref for scan in named for ref in (*scan.files, *scan.masks)]
    everything = [str(ref.path.relative_to("/data")) for ref in used] + skipped
    assert sorted(everything) == sorted(
        str(ref.path.relative_to("/data")) for scan in scans for ref in scan.files
    ), "every file is in a scan, a mask or skipped, once"
    return found, sorted(skipped), seen.notes


def subjects(scans, **kwargs):
    """Id of each scan -> subject."""
    return {scan_id: scan.subject_id for scan_id, scan in look(scans, **kwargs)[0].items()}
