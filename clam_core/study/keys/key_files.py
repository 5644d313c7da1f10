"""Keys of studies: by which names and hospital numbers became codes; they lie in no study.

Whoever holds a study and its key can try every hospital number until its code comes out. So
the key is a file of the account that made the study, and the study names it by an id. The id
is a digest of the key, so that no other key is taken for it.
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import suppress
from pathlib import Path

from platformdirs import user_data_path

from clam_core.errors import BusyError, MissingKeyError, StudyError
from clam_core.study import atomic
from clam_core.study.json_files.migrate import STUDIES, key_id_of
from clam_core.study.json_files.study_info import STUDY
from clam_core.study.locking import hold

KEYS = "CLAM_KEYS"
"""Variable that names another folder for keys."""

_WHAT = (
    "By this key names and hospital numbers of a study of CLAM Explorer became codes. Keep a copy "
    "where only you can read it, and never give it away with the study."
)


def keys_folder() -> Path:
    """Where the keys of this account lie."""
    named = os.environ.get(KEYS, "").strip()
    if named:
        return Path(named).expanduser().absolute()
    return user_data_path("clam-explorer", appauthor=False) / "keys"


def new_key() -> str:
    """A key that no study has."""
    return secrets.token_hex(16)


def key_file(key_id: str) -> Path:
    """Where the key of this id lies, or would lie."""
    return keys_folder() / f"{key_id}.key"


def shown(path: Path) -> str:
    """A place for people to read; the home folder is `~`."""
    with suppress(ValueError, RuntimeError):
        return (Path("~") / path.relative_to(Path.home())).as_posix()
    return path.as_posix()


def check_keys_folder(study: Path) -> None:
    """Refuse early where no key can be stored, before anything has taken time.

    Args:
        study: Folder of the study; its key must not lie within it.

    Raises:
        StudyError: With what to do.
    """
    folder = keys_folder()
    if study.resolve() in (folder.resolve(), *folder.resolve().parents):
        raise StudyError(
            f"The key of a study must not lie within it, and {KEYS} names {shown(folder)}; name a "
            "folder outside the studies."
        )
    _write_beside(folder / f".{secrets.token_hex(8)}.partial", b"").unlink()


def keep_key(key: str) -> str:
    """Store a key where this account alone can read it.

    Returns:
        Its id.

    Raises:
        StudyError: If it cannot be stored, or cannot be read back.
    """
    key_id = key_id_of(key)
    path = key_file(key_id)
    if find_key(key_id) == key:
        return key_id
    content = json.dumps({"what": _WHAT, "key_id": key_id, "key": key}, indent=1) + "\n"
    beside = _write_beside(path.with_name(f".{key_id}.{os.getpid()}.partial"), content.encode())
    try:
        beside.replace(path)
        _flush_folder(path.parent)
    except OSError as error:
        raise _not_stored(path.parent, error) from error
    if find_key(key_id) != key:
        raise StudyError(f"The key in {shown(path)} could not be read back; try again.")
    return key_id


def find_key(key_id: str) -> str | None:
    """The key of this id; None if it is not on this machine.

    Raises:
        StudyError: If its file is damaged, holds another key, or may not be read.
    """
    path = key_file(key_id)
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StudyError(
            f"The key of the study in {shown(path)} cannot be read ({error.strerror}); ask its "
            f"owner for a copy, and name the folder of your keys in {KEYS}."
        ) from error
    try:
        key = str(json.loads(content)["key"])
    except (ValueError, KeyError, TypeError):
        key = ""
    if key_id_of(key) != key_id:
        raise StudyError(
            f"The key file {shown(path)} is damaged, or holds the key of another study; put it "
            "back from a copy."
        )
    return key


def require_key(key_id: str, study: str, without: str) -> str:
    """The key of this id.

    Args:
        key_id: As the study names it.
        study: Name of the study.
        without: What cannot be done without it, such as `no file can be found`.

    Raises:
        MissingKeyError: If it is not on this machine, with how to bring it.
    """
    key = find_key(key_id)
    if key is None:
        raise MissingKeyError(missing(key_id, study, without))
    return key


def missing(key_id: str, study: str, without: str) -> str:
    """That the key is not here, and how to bring it."""
    return (
        f"The key of the study {study!r} is not on this machine, and without it {without}; copy "
        f"'{key_id}.key' from the folder of keys of the account that made the study into "
        f"{shown(keys_folder())} (or name another folder in {KEYS}). All else works without it."
    )


def move_key(folder: Path, *, only_mine: bool = True) -> str:
    """Take the key out of a study that an older version has made; the caller holds its lock.

    The key is on disk and read back before it leaves the study.

    Args:
        folder: The study.
        only_mine: Leave it where another account has written the study: the key would be
            where that one cannot find it.

    Returns:
        One sentence on where it lies now; empty if there was none to be moved.

    Raises:
        StudyError: If it cannot be stored, or the study cannot be written; it is as before.
    """
    path = folder / STUDY
    values = atomic.read_json(path)
    if "key" not in values or (only_mine and not _is_mine(path)):
        return ""
    values = STUDIES.read(values, folder.name)
    check_keys_folder(folder)
    key_id = keep_key(str(values.pop("key")))
    atomic.write_json(path, values)
    return (
        f"The key of the study {folder.name!r} lay in the study and lies now in "
        f"{shown(key_file(key_id))}; keep a copy of it, and delete copies of the study from before."
    )


def take_key_out(folder: Path) -> str:
    """Take the key out of a study before a step works on it, where that can be done.

    Returns:
        What to know about it: where it lies now, or why it lies in the study still; empty
        where no key was there.
    """
    try:
        if "key" not in atomic.read_json(folder / STUDY):
            return ""
    except StudyError:
        return ""  # the step says what is damaged
    try:
        with hold(folder):
            return move_key(folder)
    except BusyError:
        return ""  # the step that holds it does the same
    except (StudyError, OSError) as error:
        if not os.access(folder, os.W_OK):
            return ""  # a study of somebody else, who will move it
        return f"{error} Until then the key lies in the study: do not give it away."


def _is_mine(path: Path) -> bool:
    return not hasattr(os, "geteuid") or path.stat().st_uid == os.geteuid()


def _write_beside(path: Path, content: bytes) -> Path:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        with os.fdopen(os.open(path, flags, 0o600), "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise _not_stored(path.parent, error) from error
    return path


def _flush_folder(folder: Path) -> None:
    """Wait until the name of a new file has reached the disk, where the system can say so."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(place)
    finally:
        os.close(place)


def _not_stored(folder: Path, error: OSError) -> StudyError:
    return StudyError(
        f"The key of the study cannot be stored in {shown(folder)} ({error.strerror}); name a "
        f"folder of your own, outside the studies, in the variable {KEYS}, and start again. "
        "Nothing was changed."
    )
