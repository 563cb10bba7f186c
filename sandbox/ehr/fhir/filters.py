"""Search parameters as SQL over ``resources r``; pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.ehr.fhir.dates import comparison
from sandbox.ehr.fhir.indexing import split_reference
from sandbox.ehr.fhir.parameters import TYPES, Parameter
from sandbox.ehr.fhir.problems import Malformed, NotSupported

Fragment = tuple[str, list[Any]]
"""A boolean SQL expression and its values."""

NOTHING: Fragment = ("0", [])
EVERYTHING: Fragment = ("1", [])
INDEXED = (
    "EXISTS (SELECT 1 FROM search_index i"
    " WHERE i.type = r.type AND i.id = r.id AND i.parameter = ? AND "
)
UNESCAPED_COMMA = re.compile(r"(?<!\\),")
UNESCAPED_BAR = re.compile(r"(?<!\\)\|")


def one_of(fragments: Sequence[Fragment]) -> Fragment:
    """True where any of them is."""
    return _join(fragments, " OR ", NOTHING)


def every(fragments: Sequence[Fragment]) -> Fragment:
    """True where all of them are."""
    return _join(fragments, " AND ", EVERYTHING)


def is_known(type_: str, name: str) -> bool:
    """Whether the type has such a search parameter, modifiers aside."""
    base = name.partition(":")[0].partition(".")[0]
    return base in ("_id", "_lastUpdated") or base in TYPES[type_]


def parameter_filter(type_: str, name: str, text: str) -> Fragment:
    """One ``name=a,b`` of a search: true where any of the comma-separated values matches.

    Raises NotSupported for modifiers and chains, Malformed for values that are not understood.
    """
    if not text:
        raise Malformed(f"Search parameter {name} has no value.")
    alternatives = UNESCAPED_COMMA.split(text)
    if name == "_id":
        return one_of([("r.id = ?", [value]) for value in alternatives])
    if name == "_lastUpdated":
        return one_of([comparison(value, "r.updated", "(r.updated + 1)") for value in alternatives])
    base, _, modifier = name.partition(":")
    parameter = TYPES[type_].get(base)
    if parameter is None:
        raise NotSupported(f"{type_} has no search parameter {name}.")
    matcher = MATCHERS[parameter.kind]
    return _indexed(parameter, one_of([matcher(base, modifier, value) for value in alternatives]))


def _join(fragments: Sequence[Fragment], word: str, empty: Fragment) -> Fragment:
    if not fragments:
        return empty
    sql = word.join(sql for sql, _ in fragments)
    return f"({sql})", [value for _, values in fragments for value in values]


def _indexed(parameter: Parameter, match: Fragment) -> Fragment:
    return f"{INDEXED}{match[0]})", [parameter.name, *match[1]]


def _token(name: str, modifier: str, text: str) -> Fragment:
    _refuse(name, modifier)
    system, *rest = (_unescape(part) for part in UNESCAPED_BAR.split(text, maxsplit=1))
    if not rest:
        return "i.value = ?", [system]
    fragments: list[Fragment] = [("i.system = ?", [system]) if system else ("i.system IS NULL", [])]
    if rest[0]:
        fragments.append(("i.value = ?", [rest[0]]))
    return every(fragments)


def _reference(name: str, modifier: str, text: str) -> Fragment:
    reference = split_reference("/".join(text.split("/")[-2:]))
    if reference is None and "/" in text:
        raise Malformed(f"Not a reference: {text!r}")
    type_, id_ = reference or (modifier or ("Patient" if name == "patient" else None), text)
    if type_ is None:
        return "i.value = ?", [id_]
    return "(i.system = ? AND i.value = ?)", [type_, id_]


def _date(name: str, modifier: str, text: str) -> Fragment:
    _refuse(name, modifier)
    sql, values = comparison(text, "i.low", "i.high")
    return sql, list(values)


def _string(name: str, modifier: str, text: str) -> Fragment:
    value = _unescape(text).lower()
    if modifier == "contains":
        return "instr(i.value, ?) > 0", [value]
    _refuse(name, modifier)
    return "substr(i.value, 1, ?) = ?", [len(value), value]


def _refuse(name: str, modifier: str) -> None:
    if modifier:
        raise NotSupported(f"Search modifier :{modifier} is not supported on {name}.")


def _unescape(text: str) -> str:
    return re.sub(r"\\([\\,|$])", r"\1", text)


MATCHERS: dict[str, Callable[[str, str, str], Fragment]] = {
    "token": _token,
    "reference": _reference,
    "date": _date,
    "string": _string,
}
