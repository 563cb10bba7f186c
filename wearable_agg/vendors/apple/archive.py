"""The Health app's export.zip: looked at before it is opened, read without being unpacked."""

from __future__ import annotations

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, cast
from zoneinfo import ZoneInfo

from safeguards.strict_json import Malformed
from wearable_agg.vendors.apple.ecg_csv import LARGEST, read_ecg_csv
from wearable_agg.vendors.apple.export import ROOT, read_export
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found, Quarantined

_MIB = 1 << 20
_SPOILED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,  # an entry that turns out to be encrypted
)
_END, _END_64 = b"PK\x05\x06", b"PK\x06\x06"
_END_LENGTH, _LOCATOR_64_LENGTH, _END_64_LENGTH, _SEE_64 = 22, 20, 56, 0xFFFFFFFF
_LONGEST_TAIL = 65_535 + _END_LENGTH + _LOCATOR_64_LENGTH + _END_64_LENGTH
_HEAD = 1 << 16
_MANY = frozenset({".csv", ".gpx", ".json"})
_NESTED = frozenset({".zip", ".gz", ".7z", ".tar", ".rar"})


@dataclass(frozen=True, slots=True)
class Caps:
    """What an archive may be at most.

    A person with atrial fibrillation takes ECGs and walks by the hundred, so that `entries` counts
    all but ECG files, routes and clinical records, and `all_entries` everything.
    """

    archive_bytes: int = 200 * _MIB
    unpacked_bytes: int = 5 * 1024 * _MIB
    ratio: int = 100
    entries: int = 50
    all_entries: int = 20_000
    directory_bytes: int = 8 * _MIB


DEFAULT_CAPS = Caps()
_SMALL = _MIB
"""An entry below this size may be of any ratio: short text of one letter is no attack."""


@dataclass(frozen=True, slots=True)
class Packed:
    """An export on disk, looked at and found harmless; nothing of it is unpacked.

    `size` is that of the XML in bytes, `ecgs` the names of the ECG files.
    """

    name: str
    size: int
    ecgs: tuple[str, ...]
    _archive: zipfile.ZipFile | Path

    @contextmanager
    def document(self) -> Iterator[BinaryIO]:
        """Open the XML; reading it raises Malformed where it is spoiled."""
        if isinstance(self._archive, Path):
            with self._archive.open("rb") as plain:
                yield plain
        else:
            with _opened(self._archive, self.name) as source:
                yield source

    def ecg(self, name: str) -> Iterator[Found]:
        """Read an ECG file; one that cannot be read is Quarantined."""
        if isinstance(self._archive, Path):
            raise KeyError(name)
        try:
            with _opened(self._archive, name) as source:
                yield from list(read_ecg_csv(source.read(LARGEST + 1)))
        except Unusable as fault:
            yield Found(fault.path, Quarantined(fault.reason))
        except Malformed as fault:
            yield Found("line 1", Quarantined(str(fault)))


@contextmanager
def looked_at(path: Path, caps: Caps = DEFAULT_CAPS) -> Iterator[Packed]:
    """Look at an export.zip, or at an export.xml that somebody unpacked.

    Raises Malformed and Unusable for what is no export or more than one.
    """
    with path.open("rb") as source:
        if source.read(512).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<":
            size = path.stat().st_size
            if size > caps.unpacked_bytes:
                raise Malformed(f"{size} bytes, more than the {caps.unpacked_bytes} allowed")
            yield Packed(path.name, size, (), path)
            return
    _check_directory(path, caps)
    try:
        archive = zipfile.ZipFile(path)
    except _SPOILED as error:
        raise Malformed(f"not a zip that can be read: {error}") from error
    with archive:
        entries = archive.infolist()
        _check(entries, path.stat().st_size, caps)
        exports = [one for one in entries if _suffix(one) == ".xml" and _is_export(archive, one)]
        if len(exports) != 1:
            raise Unusable("export.zip", f"{len(exports)} exports inside, not one")
        ecgs = tuple(one.filename for one in entries if _suffix(one) == ".csv")
        yield Packed(exports[0].filename, exports[0].file_size, ecgs, archive)


def read_archive(path: Path, zone: ZoneInfo, caps: Caps = DEFAULT_CAPS) -> Iterator[Found]:
    """Read the export and the ECG files of an archive; each place begins with its entry's name.

    An ECG file that cannot be read is Quarantined. Raises Malformed and Unusable.
    """
    with looked_at(path, caps) as packed:
        with packed.document() as source:
            for found in read_export(source, zone):
                yield Found(f"{packed.name}:{found.path}", found.item)
        for name in packed.ecgs:
            for found in packed.ecg(name):
                yield Found(f"{name}:{found.path}", found.item)


class _Entry(io.RawIOBase):
    """An entry as it is read; what is wrong with it is Malformed, whatever zipfile calls it."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        try:
            return self._source.read(size)
        except _SPOILED as error:
            raise Malformed(f"not a zip that can be read: {error}") from error


@contextmanager
def _opened(archive: zipfile.ZipFile, entry: str | zipfile.ZipInfo) -> Iterator[BinaryIO]:
    try:
        source = archive.open(entry)
    except _SPOILED as error:
        raise Malformed(f"not a zip that can be read: {error}") from error
    with source:
        yield cast(BinaryIO, _Entry(source))


def _is_export(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Tell an export from the clinical document beside it; names are in the phone's language."""
    with _opened(archive, entry) as source:
        head = source.read(_HEAD)
    return f"<{ROOT}".encode() in head or f"<!DOCTYPE {ROOT}".encode() in head


def _check(entries: list[zipfile.ZipInfo], packed: int, caps: Caps) -> None:
    """Refuse what an export is not, before anything is unpacked; raises Unusable."""
    files = [one for one in entries if not one.is_dir()]
    if len(files) > caps.all_entries:
        raise Unusable("export.zip", f"more than {caps.all_entries} entries")
    if sum(_suffix(one) not in _MANY for one in files) > caps.entries:
        raise Unusable("export.zip", f"more than {caps.entries} entries")
    if len({one.filename for one in files}) != len(files):
        raise Unusable("export.zip", "a name stands twice")
    for one in files:
        if reason := _fault(one, caps):
            raise Unusable(one.filename, reason)
    unpacked = sum(one.file_size for one in files)
    if unpacked > caps.unpacked_bytes:
        raise Unusable("export.zip", f"more than {caps.unpacked_bytes} bytes unpacked")
    if unpacked > max(packed * caps.ratio, _SMALL):
        raise Unusable("export.zip", f"unpacks to more than {caps.ratio} times its size")


def _fault(entry: zipfile.ZipInfo, caps: Caps) -> str:
    name = entry.filename.replace("\\", "/")
    if name.startswith("/") or ".." in name.split("/") or ":" in name.split("/")[0]:
        return "a name that leads out of the archive"
    if entry.flag_bits & 0x1:
        return "encrypted"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a symbolic link"
    if _suffix(entry) in _NESTED:
        return "an archive inside the archive"
    if entry.file_size > max(entry.compress_size * caps.ratio, _SMALL):
        return f"unpacks to more than {caps.ratio} times its size"
    return ""


def _check_directory(path: Path, caps: Caps) -> None:
    """Refuse an archive that is too large, or whose list of entries alone would fill memory."""
    size = path.stat().st_size
    if size > caps.archive_bytes:
        raise Malformed(f"{size} bytes, more than the {caps.archive_bytes} allowed")
    with path.open("rb") as source:
        source.seek(max(0, size - _LONGEST_TAIL))
        tail = source.read()
    ends = {tail.rfind(_END), len(tail) - _END_LENGTH if tail[-_END_LENGTH:][:4] == _END else -1}
    ends.discard(-1)
    if not ends:
        raise Malformed("not a zip, or cut off")
    if any(_directory_bytes(tail, end) > caps.directory_bytes for end in ends):
        raise Malformed("a list of entries of absurd length")


def _directory_bytes(tail: bytes, end: int) -> int:
    """Return the greater of the lengths that an end record and the 64-bit one before it tell."""
    told = int.from_bytes(tail[end + 12 : end + 16], "little")
    start = end - _LOCATOR_64_LENGTH - _END_64_LENGTH
    if start < 0 or tail[start : start + 4] != _END_64:
        return told
    longer = int.from_bytes(tail[start + 40 : start + 48], "little")
    return longer if told == _SEE_64 else max(told, longer)


def _suffix(entry: zipfile.ZipInfo) -> str:
    return Path(entry.filename).suffix.lower()
