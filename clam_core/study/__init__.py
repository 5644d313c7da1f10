"""The study on disk: the only package that knows file names."""

from clam_core.study.folder import Study, check_free, create_study
from clam_core.study.json_files.run_info import RunInfo
from clam_core.study.json_files.study_info import Prepared, StudyInfo
from clam_core.study.keys.key_files import take_key_out
from clam_core.study.names import cluster_label, read_names, write_names
from clam_core.study.run_writer import RunWriter
from clam_core.study.runs import Run, run_names
from clam_core.study.writer import ScanWriter

__all__ = [
    "Prepared",
    "Run",
    "RunInfo",
    "RunWriter",
    "ScanWriter",
    "Study",
    "StudyInfo",
    "check_free",
    "cluster_label",
    "create_study",
    "read_names",
    "run_names",
    "take_key_out",
    "write_names",
]
