"""Reading vendors' JSON: every access says where it stands, so that a wrong shape is named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from safeguards import strict_json
from wearable_agg.vendors.errors import Unusable

LONGEST_ANSWER = 32 * 1024 * 1024
_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Part:
    """A value inside an answer, and its path. Members nobody asks for are ignored."""

    value: Any
    path: str = "$"

    def find(self, name: str) -> Part | None:
        """Return a member; None where it is absent or null. Raises Unusable off an object."""
        if not isinstance(self.value, dict):
            raise Unusable(self.path, "not an object")
        member = self.value.get(name)
        return None if member is None else Part(member, f"{self.path}.{name}")

    def member(self, name: str) -> Part:
        """Return a member that must be there; raises Unusable."""
        found = self.find(name)
        if found is None:
            raise Unusable(f"{self.path}.{name}", "missing")
        return found

    def items(self) -> Iterator[Part]:
        """Yield the elements of an array; raises Unusable."""
        if not isinstance(self.value, list):
            raise Unusable(self.path, "not an array")
        for index, element in enumerate(self.value):
            yield Part(element, f"{self.path}[{index}]")

    def members(self) -> Iterator[tuple[str, Part]]:
        """Yield the members of an object by name; raises Unusable."""
        if not isinstance(self.value, dict):
            raise Unusable(self.path, "not an object")
        for name, element in self.value.items():
            yield name, Part(element, f"{self.path}.{name}")

    def text(self) -> str:
        """Return a string; raises Unusable."""
        if not isinstance(self.value, str):
            raise Unusable(self.path, "not a string")
        return self.value

    def flag(self) -> bool:
        """Return a truth value, also one written as 0 or 1; raises Unusable."""
        if self.value not in (0, 1):
            raise Unusable(self.path, "not a truth value")
        return bool(self.value)

    def integer(self) -> int:
        """Return a whole number, also one written as a string; raises Unusable."""
        number = self.number()
        if number != number.to_integral_value():
            raise Unusable(self.path, "not a whole number")
        return int(number)

    def number(self) -> Decimal:
        """Return a number, also one written as a string; raises Unusable."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise Unusable(self.path, "not a number")
        text = str(value)
        try:
            number = Decimal(text)
        except InvalidOperation:
            raise Unusable(self.path, "not a number") from None
        if len(text) > _DIGITS or not number.is_finite() or abs(number.adjusted()) > _DIGITS:
            raise Unusable(self.path, "a number beyond reason")
        return number


def read(raw: bytes) -> Part:
    """Parse an answer; raises safeguards.strict_json.Malformed."""
    return Part(strict_json.loads(raw, limit=LONGEST_ANSWER))


def text_of(part: Part | None) -> str:
    """Return an optional string; empty where it is absent."""
    return "" if part is None else part.text()


def label_of(part: Part | None) -> str:
    """Return a string or a number as words, "" for anything else: nothing hangs on it."""
    value = None if part is None else part.value
    said = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value) if said else ""


def optional_number(part: Part | None) -> float | None:
    """Return an optional number; None where it is absent. Raises Unusable."""
    return None if part is None else float(part.number())


def scalars(part: Part) -> dict[str, str | float | bool | None]:
    """Return the members of an object that are plain values; raises Unusable."""
    return {
        name: member.value
        for name, member in part.members()
        if member.value is None or isinstance(member.value, str | int | float | bool)
    }
