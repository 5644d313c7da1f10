"""Every error that a user can act on, one small tree.

The message is one sentence that says what was found, where, and what to do
next. Anything that is not a `ClamError` is a mistake of ours.
"""


class ClamError(Exception):
    """Root of all errors that a user can act on."""


class SettingsError(ClamError, ValueError):
    """A setting has a value that cannot be used."""


class ReadError(ClamError):
    """A file was meant to be a scan or a table, but cannot be read as one."""


class GeometryError(ReadError):
    """Slices or voxels cannot be placed in space (gap, missing position, shear)."""


class LimitError(ReadError):
    """A file asks for more memory, time or space than it may have."""


class UnsafeFileError(ReadError):
    """A file tries to reach outside itself (path in an archive, detached data)."""


class NotAScanError(ReadError):
    """A file is sound but no scan (localizer, report, DICOMDIR, text)."""


class TableError(ClamError):
    """A clinical or scans table cannot be used as it is."""


class NearMissError(TableError):
    """No id of a table is one of the study, but some are nearly, and could be accepted."""


class AlignmentError(ClamError, ValueError):
    """Two arrays or tables that belong together have different sizes."""


class StudyError(ClamError):
    """The study folder is missing, damaged, or of another version."""


class MissingStepError(StudyError):
    """A step was asked for whose input has not been made yet."""


class MissingKeyError(StudyError):
    """The key of the study's pseudonyms is not on this machine."""


class NoNetworkError(StudyError):
    """A run of numbers that were brought along was asked for what only a network can tell."""


class EncoderError(ClamError):
    """An encoder that was brought along cannot be used as it is."""


class StaleRunError(StudyError):
    """A run was fitted on other volumes than its study holds now."""


class BusyError(StudyError):
    """Another process is writing to the same study or run."""


class MissingPackageError(ClamError):
    """A package that is installed only on request is needed.

    Args:
        what: What needs it, as the subject of a sentence.
        extra: The extra of this package that brings it.
    """

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(
            f"{what} needs packages that are not installed here; install them with "
            f"pip install 'clam-explorer[{extra}]'."
        )
