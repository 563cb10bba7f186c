"""Making a part of the settings from a TOML table, telling what is wrong with it in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_type_hints

Part = TypeVar("Part")

WORDS = {
    str: 'text (in "quotes")',
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    tuple[str, ...]: 'a list of texts (["one", "two"])',
}
"""What a TOML entry has to be; parts of other types are made by whoever calls."""


class SettingsError(Exception):
    """The settings file cannot be used; the message says which entry and how to mend it."""


def build(kind: type[Part], where: str, entry: object) -> Part:
    """Return `kind`, a dataclass, with the values of a TOML table.

    Raises SettingsError, beginning with `where`, that names every entry that is unknown, missing
    or of another type. No value is part of it: it may be a secret.
    """
    table = table_of(where, entry)
    values = {name: tuple(v) if isinstance(v, list) else v for name, v in table.items()}
    faults = list(_faults(kind, values))
    if faults:
        raise SettingsError(f"{where} {'; '.join(faults)}")
    return kind(**values)


def table_of(where: str, entry: object) -> dict[str, Any]:
    """Return a copy of the entry; raises SettingsError where it is no table."""
    if not isinstance(entry, Mapping):
        raise SettingsError(f"{where} is no table")
    return dict(entry)


def _faults(kind: type[Any], values: Mapping[str, object]) -> Iterator[str]:
    known = {field.name: field for field in fields(kind)}
    for name in sorted(values.keys() - known.keys()):
        yield f"{name}: unknown setting"
    for name, field in known.items():
        if name not in values and field.default is MISSING:
            yield f"{name}: missing"
    for name, expected in get_type_hints(kind).items():
        if name in values and expected in WORDS and not _is_of(expected, values[name]):
            yield f"{name}: write {WORDS[expected]}"


def _is_of(expected: object, value: object) -> bool:
    if expected is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if expected == tuple[str, ...]:
        return isinstance(value, tuple) and all(isinstance(one, str) for one in value)
    return type(value) is expected
