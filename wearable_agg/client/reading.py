"""Turning the backend's JSON into its model: by the types the model declares.

The backend is our own and of the same version, so an answer of another shape is a fault, not data.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from functools import lru_cache
from typing import Any, TypeVar

Model = TypeVar("Model")
_Reader = Callable[[Any], Any]


def read(model: type[Model], document: Any) -> Model:
    """Return `document` as `model`; raises TypeError, KeyError or ValueError for another shape."""
    kind: Any = model
    result: Model = _reader(kind)(document)
    return result


@lru_cache(maxsize=256)
def _reader(kind: Any) -> _Reader:
    if isinstance(kind, type) and is_dataclass(kind):
        return _object_reader(kind)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if isinstance(kind, type) and issubclass(kind, tuple):
        return _row_reader(kind)
    if isinstance(kind, types.UnionType):
        inner = _reader(next(one for one in kind.__args__ if one is not types.NoneType))
        return lambda value: None if value is None else inner(value)
    if typing.get_origin(kind) is tuple:
        each = _reader(kind.__args__[0])
        return lambda values: tuple(map(each, values))
    if kind in (date, datetime):
        reader: _Reader = kind.fromisoformat
        return reader
    return _checked(kind)


def _object_reader(kind: type) -> _Reader:
    """Read an object by its names."""
    hints = typing.get_type_hints(kind)
    readers = [(field.name, _reader(hints[field.name])) for field in fields(kind)]

    def from_json(document: Any) -> Any:
        return kind(*[each(document[name]) for name, each in readers])

    return from_json


def _row_reader(kind: type) -> _Reader:
    """Read an array by the order of a named tuple's fields."""
    readers = [_reader(hint) for hint in typing.get_type_hints(kind).values()]

    def from_json(document: Any) -> Any:
        return kind(*[each(one) for each, one in zip(readers, document, strict=True)])

    return from_json


def _checked(kind: type) -> _Reader:
    accepted = (int, float) if kind is float else kind

    def check(value: Any) -> Any:
        if not isinstance(value, accepted):
            raise TypeError(f"{value!r} is not {kind.__name__}")
        return value

    return check
