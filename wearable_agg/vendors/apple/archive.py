"""The Health app's export.zip: looked at before it is opened, read without being unpacked."""

from __future__ import annotations

import stat
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast
from zoneinfo import ZoneInfo

from safeguards.strict_json import Malformed
from wearable_agg.vendors.apple.ecg_csv import LARGEST, read_ecg_csv
from wearable_agg.vendors.apple.export import ROOT, read_export
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found, Quarantined

_MIB = 1 << 20
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


def read_archive(path: Path, zone: ZoneInfo, caps: Caps = DEFAULT_CAPS) -> Iterator[Found]:
    """Read the export and the ECG files of an archive; each place begins with its entry's name.

    An ECG file that cannot be read is Quarantined. Raises Malformed and Unusable.
    """
    _check_directory(path, caps)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
            _check(entries, path.stat().st_size, caps)
            yield from _read(archive, entries, zone)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise Malformed(f"not a zip that can be read: {error}") from error


def _read(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], zone: ZoneInfo
) -> Iterator[Found]:
    exports = [one for one in entries if _suffix(one) == ".xml" and _is_export(archive, one)]
    if len(exports) != 1:
        raise Unusable("export.zip", f"{len(exports)} exports inside, not one")
    with archive.open(exports[0]) as source:
        for found in read_export(cast(BinaryIO, source), zone):
            yield Found(f"{exports[0].filename}:{found.path}", found.item)
    for one in entries:
        if _suffix(one) == ".csv":
            yield from _ecg(archive, one)


def _ecg(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[Found]:
    try:
        with archive.open(entry) as source:
            found = list(read_ecg_csv(source.read(LARGEST + 1)))
    except Unusable as fault:
        found = [Found(fault.path, Quarantined(fault.reason))]
    except Malformed as fault:
        found = [Found("line 1", Quarantined(str(fault)))]
    for one in found:
        yield Found(f"{entry.filename}:{one.path}", one.item)


def _is_export(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    """Tell an export from the clinical document beside it; names are in the phone's language."""
    with archive.open(entry) as source:
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
