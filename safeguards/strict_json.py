"""The one reader of JSON from outside: what is ambiguous or oversized is refused, not guessed."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

MAXIMUM_DEPTH = 60
MAXIMUM_DIGITS = 400
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}":'))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")


class Malformed(Exception):
    """The text is not JSON that can be read in one way only."""


class Ambiguous(Malformed):
    """The text is JSON, but holds a key twice or a number that is none."""


class Doubtful:
    """Stands where `loads_around` found something ambiguous."""


def loads(raw: bytes | str, *, limit: int = 1_000_000) -> Any:
    """Parse JSON of at most `limit` bytes.

    Raises Malformed for bad UTF-8 or syntax and nesting deeper than MAXIMUM_DEPTH; Ambiguous for
    duplicate keys, NaN, Infinity, numbers beyond a float's range or of absurd length.
    """
    data = _encoded(raw, limit)
    keys = _keys(data)
    kept = 0

    def counted(value: dict[str, Any]) -> dict[str, Any]:
        nonlocal kept
        kept += len(value)
        return value

    value = _decoded(raw, json.JSONDecoder(object_hook=counted, **_NUMBERS))
    if kept != keys:
        raise Ambiguous("a key stands twice in one object")
    return value


def loads_around(raw: bytes | str, *, limit: int = 1_000_000) -> Any:
    """Parse JSON as `loads` does, with a Doubtful in the place of each ambiguous thing.

    For lists whose other entries are wanted all the same. Raises Malformed.
    """
    _keys(_encoded(raw, limit))
    return _decoded(raw, _LENIENT)


def is_doubtful(value: object) -> bool:
    """Tell whether a Doubtful is anywhere in a parsed value."""
    if isinstance(value, dict):
        return any(map(is_doubtful, value.values()))
    if isinstance(value, list):
        return any(map(is_doubtful, value))
    return isinstance(value, Doubtful)


def dumps(value: object) -> str:
    """Write compact JSON; raises ValueError for NaN and Infinity."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def _encoded(raw: bytes | str, limit: int) -> bytes:
    data = raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass")
    if len(data) > limit:
        raise Malformed(f"{len(data)} bytes, more than the {limit} allowed")
    return data


def _decoded(raw: bytes | str, decoder: json.JSONDecoder) -> Any:
    try:
        return decoder.decode(raw.decode("utf-8") if isinstance(raw, bytes) else raw)
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error


def _keys(data: bytes) -> int:
    """Count the keys of all objects; refuse deep nesting before the parser's recursion meets it.

    Everything but brackets, colons and quotes is dropped, then the strings, then the innermost
    pairs of brackets once for each level: all at the speed of C, for every answer goes this way.
    A parsed text that holds fewer keys than it has colons had a key twice.
    """
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    structure = data.translate(_ONE_KIND, _NOT_STRUCTURE).replace(b'""', b"")
    structure = b"".join(structure.split(b'"')[::2])
    keys = structure.count(b":")
    brackets = structure.translate(None, b":")
    for _ in range(MAXIMUM_DEPTH):
        if not brackets:
            return keys
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise Malformed(f"nested deeper than {MAXIMUM_DEPTH}, or brackets that do not match")
    return keys


def _unique_or_doubtful(pairs: list[tuple[str, Any]]) -> object:
    result = dict(pairs)
    return result if len(result) == len(pairs) else Doubtful()


def _no_constant(name: str) -> NoReturn:
    raise Ambiguous(f"{name} is not a number")


def _finite(digits: str) -> float:
    value = float(digits) if len(digits) <= MAXIMUM_DIGITS else math.inf
    if not math.isfinite(value):
        raise Ambiguous("a number beyond range")
    return value


def _integer(digits: str) -> int:
    if len(digits) > MAXIMUM_DIGITS:
        raise Ambiguous("a number of absurd length")
    return int(digits)


def _finite_or_doubtful(digits: str) -> object:
    try:
        return _finite(digits)
    except Ambiguous:
        return Doubtful()


def _integer_or_doubtful(digits: str) -> object:
    return int(digits) if len(digits) <= MAXIMUM_DIGITS else Doubtful()


_NUMBERS: dict[str, Any] = {
    "parse_constant": _no_constant,
    "parse_float": _finite,
    "parse_int": _integer,
}
_LENIENT = json.JSONDecoder(
    object_pairs_hook=_unique_or_doubtful,
    parse_constant=lambda _: Doubtful(),
    parse_float=_finite_or_doubtful,
    parse_int=_integer_or_doubtful,
)
