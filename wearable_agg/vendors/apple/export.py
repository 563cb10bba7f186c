"""The Health app's export.xml, streamed: of any size, in little memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO
from xml.parsers import expat
from zoneinfo import ZoneInfo

from safeguards.strict_json import Malformed
from wearable_agg.vendors.apple import export_rows
from wearable_agg.vendors.apple.export_rows import Attributes
from wearable_agg.vendors.apple.pressures import HALVES, Half, Pressures
from wearable_agg.vendors.apple.samples import Sample, measurement, sample
from wearable_agg.vendors.apple.xml_source import clean
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found, Quarantined

ROOT = "HealthData"
_RECORD, _CORRELATION, _WORKOUT, _SUMMARY = "Record", "Correlation", "Workout", "ActivitySummary"
_DEEPEST = 12
_LONGEST_ELEMENT = 1 << 22
_PRESSURE = "HKCorrelationTypeIdentifierBloodPressure"


_OPENING = f"<{ROOT}>".encode()


@dataclass(frozen=True, slots=True)
class Mark:
    """A place between two rows at which reading can go on.

    `offset` counts bytes of the cleaned document, `counts` the rows before it by name, and
    `halves` are the blood pressures that wait for their other value.
    """

    offset: int
    counts: Mapping[str, int]
    halves: tuple[Half, ...]


BEGINNING = Mark(0, {}, ())

Entry = Found | Sample | Mark
"""What reading brings: plain rows, everything else, and the places to go on from."""


def read_export(source: BinaryIO, zone: ZoneInfo) -> Iterator[Found]:
    """Read an export; `zone` places the daily summaries, which name none.

    A single row that cannot be read is Quarantined; raises Malformed where the XML cannot.
    """
    for entries in read_entries(source, zone):
        for entry in entries:
            if isinstance(entry, tuple):
                yield Found(f"/{ROOT}/{_RECORD}[{entry[-1]}]/@value", measurement(entry))
            elif isinstance(entry, Found):
                yield entry


def read_entries(source: BinaryIO, zone: ZoneInfo, mark: Mark = BEGINNING) -> Iterator[list[Entry]]:
    """Read an export from a mark on, some hundred rows at a time; raises as read_export does."""
    reader = _Reader(zone, mark)
    for piece in _after(mark.offset, clean(source)):
        yield reader.feed(piece)
    yield reader.close()


def _after(offset: int, pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        if offset < len(piece):
            yield piece[offset:] if offset else piece
        offset = max(0, offset - len(piece))


class _Reader:
    """What is open in the document, and what was found since it was last asked."""

    def __init__(self, zone: ZoneInfo, mark: Mark) -> None:
        self._zone = zone
        self._found: list[Entry] = []
        self._counts: Counter[str] = Counter(mark.counts)
        self._depth = self._fed = self._inside = 0
        self._row: Attributes = {}
        self._metadata: dict[str, str] = {}
        self._parts: list[Attributes] = []
        self._pressures = Pressures()
        self._marked = True
        self._parser = _parser(self._start, self._end)
        self._base = 0
        if mark.offset:
            self._go_on(mark)

    def _go_on(self, mark: Mark) -> None:
        """Stand inside the document's root, where the mark was made."""
        for half in mark.halves:
            for _ in self._pressures.add(half):
                raise Malformed("a mark that completes what it says is waiting")
        self._parse(_OPENING, False)
        self._fed = len(_OPENING)
        self._base = mark.offset - len(_OPENING)

    def feed(self, piece: bytes) -> list[Entry]:
        """Read on; returns what the piece brings. Raises Malformed."""
        self._marked = False
        self._parse(piece, False)
        self._fed += len(piece)
        if self._fed - self._parser.CurrentByteIndex > _LONGEST_ELEMENT:
            raise Malformed("an element of absurd length")
        found, self._found = self._found, []
        return found

    def close(self) -> list[Entry]:
        """End the document; raises Malformed where it is cut off."""
        self._parse(b"", True)
        return [*self._found, *self._pressures.left_over()]

    def _mark(self) -> Mark:
        self._marked = True
        offset = self._base + self._parser.CurrentByteIndex
        return Mark(offset, dict(self._counts), self._pressures.waiting())

    def _parse(self, piece: bytes, last: bool) -> None:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise Malformed(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 2:
            if not self._marked:
                self._found.append(self._mark())
            self._counts[name] += 1
            self._row, self._metadata, self._parts, self._inside = attributes, {}, [], 0
        elif self._depth == 1:
            if name != ROOT:
                raise Malformed(f"the root is {name}, not {ROOT}")
        elif name == "MetadataEntry":
            if attributes.get("key") in export_rows.READ_METADATA:
                self._metadata[attributes["key"]] = attributes.get("value", "")
        elif self._depth == 3:
            self._inner(name, attributes)
        elif self._depth > _DEEPEST:
            raise Malformed(f"nested deeper than {_DEEPEST}")

    def _inner(self, name: str, attributes: dict[str, str]) -> None:
        if name == "WorkoutStatistics" and len(self._parts) < 100:
            self._parts.append(attributes)
        elif name == _RECORD and self._row.get("type") == _PRESSURE:
            self._inside += 1
            path = f"/{ROOT}/{_CORRELATION}[{self._counts[_CORRELATION]}]/{_RECORD}[{self._inside}]"
            self._keep(path, lambda: self._half(attributes, path))

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._depth != 1:
            return
        row = self._row
        if name == _RECORD:
            number = self._counts[_RECORD]
            if plain := sample(row, self._metadata, number):
                self._found.append(plain)
                return
        path = f"/{ROOT}/{name}[{self._counts[name]}]"
        if name == _RECORD and row.get("type") not in HALVES:
            self._record(row, path)
        elif name == _RECORD:
            self._keep(path, lambda: self._half(row, path))
        elif name == _WORKOUT:
            self._keep(path, lambda: export_rows.workout(row, self._parts, self._metadata, path))
        elif name == _SUMMARY:
            self._keep(path, lambda: export_rows.activity_summary(row, self._zone, path))

    def _record(self, row: Attributes, path: str) -> None:
        """Keep a single row that is not plain."""
        try:
            found = export_rows.record(row, self._metadata, path)
        except Unusable as fault:
            found = Found(fault.path, Quarantined(fault.reason))
        if found is not None:
            self._found.append(found)

    def _half(self, row: Attributes, path: str) -> Iterator[Found]:
        if row.get("type") in HALVES:
            yield from self._pressures.add(export_rows.half(row, self._metadata, path))

    def _keep(self, path: str, read: Callable[[], Iterator[Found]]) -> None:
        """Keep what a row says; what is wrong with it is kept in its place."""
        try:
            self._found.extend(read())
        except Unusable as fault:
            self._found.append(Found(fault.path or path, Quarantined(fault.reason)))


def _parser(
    start: Callable[[str, dict[str, str]], None], end: Callable[[str], None]
) -> expat.XMLParserType:
    """Return a parser that knows no document type, no entities and no other documents."""
    parser = expat.ParserCreate(encoding="utf-8")
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    return parser


def _refuse(*_: object) -> int:
    raise Malformed("a document type or an entity where none may be")
