"""KeptScans: compressed voxels beside a description, named by the digest of what was read."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from clam_core.errors import StudyError
from clam_core.study import atomic

FOLDER, UNPACKED = "own", ".unpacked"
_VOXELS, _HEAD = ".zst", ".json"
_FRAME_BYTES = 4 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")
_AGAIN = "the step 'preprocess --keep-own' makes it again while its files are still there"

Values = dict[str, Any]


class KeptScans:
    """The scans that a study keeps as they are.

    Two files for each: `<digest>.zst` holds its voxels (int16, little-endian, x fastest, RAS+)
    in frames of Zstandard, `<digest>.json` says what they are; it is written last. The digest is
    `voxel_digest` of the table of scans, so that a scan whose files have changed has none.

    Args:
        study: Folder of the study.
    """

    def __init__(self, study: Path) -> None:
        self._folder = study / FOLDER
        self._codec = pa.Codec("zstd", compression_level=1)  # type: ignore[attr-defined]

    def head(self, digest: object) -> Values | None:
        """What is known of a kept scan; None if it is not kept.

        Returns:
            shape, affine, slope, intercept, numbers, voxel_digest; frames (bytes of each, packed)
            and content (SHA-256 of the voxels).
        """
        if not self._is_name(digest) or not self._path(str(digest), _VOXELS).is_file():
            return None
        try:
            return atomic.read_json(self._path(str(digest), _HEAD))
        except StudyError:
            return None

    def digests(self) -> set[str]:
        """Of all scans that have been kept, whether or not they can be read."""
        return {path.stem for path in self._folder.glob(f"*{_HEAD}") if self._is_name(path.stem)}

    def whole(self) -> set[str]:
        """Of all scans whose two files are there."""
        return self.digests() & {path.stem for path in self._folder.glob(f"*{_VOXELS}")}

    @property
    def n_bytes(self) -> int:
        """What all of them take on the disk."""
        return sum(path.stat().st_size for path in self._folder.glob("*"))

    def new_file(self, number: int) -> Path:
        """A name that a reader may write unpacked voxels to; nothing is there."""
        self._folder.mkdir(exist_ok=True)
        path = self._folder / f"{number}{UNPACKED}"
        path.unlink(missing_ok=True)
        return path

    def keep(self, unpacked: Path, values: Values) -> None:
        """Take a scan over; broken off, it is not kept.

        Args:
            unpacked: Its voxels.
            values: shape, affine, slope, intercept, numbers and voxel_digest.

        Raises:
            StudyError: If the file is not as large as its shape, or the disk refuses.
        """
        digest = str(values["voxel_digest"])
        if not self._is_name(digest) or unpacked.stat().st_size != _n_bytes(values):
            raise StudyError("The reader's answer is no scan; it is not kept.")
        content, frames = hashlib.sha256(), []
        with (
            unpacked.open("rb") as source,
            atomic.replaced(self._path(digest, _VOXELS)) as packed,
        ):
            while part := source.read(_FRAME_BYTES):
                content.update(part)
                frames.append(packed.write(self._codec.compress(part, asbytes=True)))
        told = {**values, "frames": frames, "content": content.hexdigest()}
        atomic.write_json(self._path(digest, _HEAD), told)

    def unpack(self, digest: str, to: Path) -> Values:
        """Write the voxels of a kept scan to a file, frame by frame.

        Returns:
            What `head` says.

        Raises:
            StudyError: If it is not kept, or damaged.
            OSError: If the disk refuses.
        """
        head = self._known(digest)
        with to.open("xb") as target:
            to.chmod(0o600)
            for part in self._frames(digest, head):
                target.write(part)
        return head

    def verify(self, digest: str) -> None:
        """Read a kept scan.

        Raises:
            StudyError: If it is not as it was written.
        """
        for _ in self._frames(digest, self._known(digest)):
            pass

    def read(self, digest: str, start: int, n_bytes: int) -> bytes:
        """Some of the voxels; only the frames that hold them are read, without the checksum of all.

        Raises:
            StudyError: If it is not kept, or damaged.
        """
        head = self._known(digest)
        first, last = start // _FRAME_BYTES, (start + n_bytes - 1) // _FRAME_BYTES
        try:
            with self._path(digest, _VOXELS).open("rb") as packed:
                packed.seek(sum(head["frames"][:first]))
                parts = [self._frame(packed, head, number) for number in range(first, last + 1)]
        except (OSError, ValueError, IndexError) as error:  # pyarrow's errors are among them
            raise _damaged(digest) from error
        begin = start - first * _FRAME_BYTES
        return b"".join(parts)[begin : begin + n_bytes]

    def forget_others(self, wanted: Collection[str]) -> None:
        """Remove what no scan of the study is any more, and what a killed step has left."""
        if not self._folder.is_dir():
            return
        for path in self._folder.iterdir():
            if path.stem not in wanted or path.suffix not in {_VOXELS, _HEAD}:
                path.unlink(missing_ok=True)

    def _known(self, digest: str) -> Values:
        head = self.head(digest)
        if head is None:
            raise _damaged(digest)
        return head

    def _frames(self, digest: str, head: Values) -> Iterator[bytes]:
        content = hashlib.sha256()
        try:
            with self._path(digest, _VOXELS).open("rb") as packed:
                for number in range(len(head["frames"])):
                    part = self._frame(packed, head, number)
                    content.update(part)
                    yield part
        except (OSError, ValueError) as error:
            raise _damaged(digest) from error
        if content.hexdigest() != head["content"]:
            raise _damaged(digest)

    def _frame(self, packed: BinaryIO, head: Values, number: int) -> bytes:
        content = packed.read(head["frames"][number])
        size = min(_FRAME_BYTES, _n_bytes(head) - number * _FRAME_BYTES)
        part: bytes = self._codec.decompress(content, size, asbytes=True)
        return part

    def _path(self, digest: str, ending: str) -> Path:
        return self._folder / f"{digest}{ending}"

    @staticmethod
    def _is_name(digest: object) -> bool:
        return isinstance(digest, str) and _DIGEST.fullmatch(digest) is not None


def raw_bytes(shape: str) -> int:
    """Bytes of a scan whose shape a study has noted as `512x512x99`; 0 where it has not."""
    try:
        return 2 * math.prod(int(n) for n in shape.split("x"))
    except ValueError:
        return 0


def _n_bytes(values: Values) -> int:
    return 2 * math.prod(int(n) for n in values["shape"])


def _damaged(digest: str) -> StudyError:
    return StudyError(
        f"What is kept of a scan at its own resolution ({digest[:12]}) is missing or damaged; "
        f"{_AGAIN}."
    )
