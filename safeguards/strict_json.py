"""The one reader of JSON from outside: what is ambiguous or oversized is refused, not guessed."""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import Any, NoReturn

MAXIMUM_DEPTH = 60
MAXIMUM_DIGITS = 400
_STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
_BRACKETS = re.compile(r"[\[\]{}]")
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


class Malformed(Exception):
    """The text is not JSON that can be read in one way only."""


def loads(raw: bytes | str, *, limit: int = 1_000_000) -> Any:
    """Parse JSON of at most `limit` bytes.

    Raises Malformed for bad UTF-8 or syntax, duplicate keys, NaN, Infinity, numbers beyond a
    float's range, numbers of absurd length, and nesting deeper than MAXIMUM_DEPTH.
    """
    text = _text(raw, limit)
    _check_depth(text)
    try:
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_integer,
        )
    except (json.JSONDecodeError, RecursionError) as error:
        raise Malformed(f"not JSON: {error}") from error


def dumps(value: object) -> str:
    """Write compact JSON; raises ValueError for NaN and Infinity."""
    return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":"))


def _text(raw: bytes | str, limit: int) -> str:
    size = len(raw) if isinstance(raw, bytes) else len(raw.encode("utf-8", "surrogatepass"))
    if size > limit:
        raise Malformed(f"{size} bytes, more than the {limit} allowed")
    try:
        return raw.decode("utf-8") if isinstance(raw, bytes) else raw
    except UnicodeDecodeError as error:
        raise Malformed("not UTF-8") from error


def _check_depth(text: str) -> None:
    """Refuse deep nesting before the parser's own recursion meets it."""
    brackets = _BRACKETS.findall(_STRINGS.sub("", text))
    deepest = max(accumulate(_STEP[bracket] for bracket in brackets), default=0)
    if deepest > MAXIMUM_DEPTH:
        raise Malformed(f"nested deeper than {MAXIMUM_DEPTH}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise Malformed("a key stands twice in one object")
    return result


def _no_constant(name: str) -> NoReturn:
    raise Malformed(f"{name} is not a number")


def _finite(digits: str) -> float:
    if len(digits) > MAXIMUM_DIGITS:
        raise Malformed("a number of absurd length")
    value = float(digits)
    if not math.isfinite(value):
        raise Malformed("a number beyond range")
    return value


def _integer(digits: str) -> int:
    if len(digits) > MAXIMUM_DIGITS:
        raise Malformed("a number of absurd length")
    return int(digits)
