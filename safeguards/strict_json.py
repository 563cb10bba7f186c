"""The one reader of JSON from outside: what is ambiguous or oversized is refused, not guessed."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

MAXIMUM_DEPTH = 60
MAXIMUM_DIGITS = 400
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_STRINGS = re.compile(rb'"[^"]*"')


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
    return _parsed(raw, limit, _STRICT)


def loads_around(raw: bytes | str, *, limit: int = 1_000_000) -> Any:
    """Parse JSON as `loads` does, with a Doubtful in the place of each ambiguous thing.

    For lists whose other entries are wanted all the same. Raises Malformed.
    """
    return _parsed(raw, limit, _LENIENT)


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


def _parsed(raw: bytes | str, limit: int, decoder: json.JSONDecoder) -> Any:
    data = raw if isinstance(raw, bytes) else raw.encode("utf-8", "surrogatepass")
    if len(data) > limit:
        raise Malformed(f"{len(data)} bytes, more than the {limit} allowed")
    _check_depth(data)
    try:
        return decoder.decode(raw.decode("utf-8") if isinstance(raw, bytes) else raw)
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error


def _check_depth(data: bytes) -> None:
    """Refuse deep nesting before the parser's own recursion meets it.

    Everything but brackets and quotes is dropped, then the strings, then the innermost pairs of
    brackets once for each level: all at the speed of C, for this is done to every answer.
    """
    if b"\\" in data:
        data = data.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = data.translate(_ONE_KIND, _NOT_STRUCTURE).replace(b'""', b"")
    if b'"' in brackets:
        brackets = _STRINGS.sub(b"", brackets)
    for _ in range(MAXIMUM_DEPTH):
        if not brackets:
            return
        brackets = brackets.replace(b"[]", b"")
    if brackets:
        raise Malformed(f"nested deeper than {MAXIMUM_DEPTH}, or brackets that do not match")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Ambiguous("a key stands twice in one object")
    return result


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


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique,
    parse_constant=_no_constant,
    parse_float=_finite,
    parse_int=_integer,
)
_LENIENT = json.JSONDecoder(
    object_pairs_hook=_unique_or_doubtful,
    parse_constant=lambda _: Doubtful(),
    parse_float=_finite_or_doubtful,
    parse_int=_integer_or_doubtful,
)
