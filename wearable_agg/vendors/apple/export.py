"""The Health app's export.xml, streamed: of any size, in little memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.parsers import expat
from zoneinfo import ZoneInfo

from safeguards.strict_json import Malformed
from wearable_agg.vendors.apple import export_rows
from wearable_agg.vendors.apple.export_rows import Attributes
from wearable_agg.vendors.apple.pressures import HALVES, Pressures
from wearable_agg.vendors.apple.xml_source import clean
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found, Quarantined

ROOT = "HealthData"
_RECORD, _CORRELATION, _WORKOUT, _SUMMARY = "Record", "Correlation", "Workout", "ActivitySummary"
_DEEPEST = 12
_LONGEST_ELEMENT = 1 << 22
_PRESSURE = "HKCorrelationTypeIdentifierBloodPressure"


def read_export(source: BinaryIO, zone: ZoneInfo) -> Iterator[Found]:
    """Read an export; `zone` places the daily summaries, which name none.

    A single row that cannot be read is Quarantined; raises Malformed where the XML cannot.
    """
    reader = _Reader(zone)
    for piece in clean(source):
        yield from reader.feed(piece)
    yield from reader.close()


class _Reader:
    """What is open in the document, and what was found since it was last asked."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone
        self._found: list[Found] = []
        self._counts: Counter[str] = Counter()
        self._depth = self._fed = self._inside = 0
        self._row: Attributes = {}
        self._path = ""
        self._metadata: dict[str, str] = {}
        self._parts: list[Attributes] = []
        self._pressures = Pressures()
        self._parser = _parser(self._start, self._end)

    def feed(self, piece: bytes) -> Iterator[Found]:
        """Read on; raises Malformed."""
        self._parse(piece, False)
        self._fed += len(piece)
        if self._fed - self._parser.CurrentByteIndex > _LONGEST_ELEMENT:
            raise Malformed("an element of absurd length")
        found, self._found = self._found, []
        yield from found

    def close(self) -> Iterator[Found]:
        """End the document; raises Malformed where it is cut off."""
        self._parse(b"", True)
        yield from self._pressures.left_over()

    def _parse(self, piece: bytes, last: bool) -> None:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            raise Malformed(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth == 2:
            self._counts[name] += 1
            self._row, self._metadata, self._parts, self._inside = attributes, {}, [], 0
            self._path = f"/{ROOT}/{name}[{self._counts[name]}]"
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
            path = f"{self._path}/{_RECORD}[{self._inside}]"
            self._keep(path, lambda: self._half(attributes, path))

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._depth != 1:
            return
        row, path = self._row, self._path
        if name == _RECORD and row.get("type") not in HALVES:
            self._record(row, path)
        elif name == _RECORD:
            self._keep(path, lambda: self._half(row, path))
        elif name == _WORKOUT:
            self._keep(path, lambda: export_rows.workout(row, self._parts, self._metadata, path))
        elif name == _SUMMARY:
            self._keep(path, lambda: export_rows.activity_summary(row, self._zone, path))

    def _record(self, row: Attributes, path: str) -> None:
        """Keep a single row: nearly all of an export, and so without detours."""
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
