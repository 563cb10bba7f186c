"""What a check found: one line for each part, with its mend, and an exit code for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import click

Verdict = Literal["ok", "warn", "fail", "unknown"]

MARKS: dict[Verdict, tuple[str, str]] = {
    "ok": ("ok", "green"),
    "warn": ("warn", "yellow"),
    "fail": ("FAIL", "red"),
    "unknown": ("?", "magenta"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the table. `unknown` is what could not be checked."""

    part: str
    verdict: Verdict
    what: str
    mend: str = ""


def good(part: str, what: str) -> Line:
    """Nothing to do."""
    return Line(part, "ok", what)


def warning(part: str, what: str, mend: str) -> Line:
    """It works, but not as it should, or not in full."""
    return Line(part, "warn", what, mend)


def failure(part: str, what: str, mend: str) -> Line:
    """It does not work."""
    return Line(part, "fail", what, mend)


def unknown(part: str, what: str, mend: str) -> Line:
    """It could not be checked."""
    return Line(part, "unknown", what, mend)


def exit_code(lines: Iterable[Line]) -> int:
    """0 all well (warnings are), 1 something failed, 2 something could not be checked."""
    verdicts = {line.verdict for line in lines}
    if "fail" in verdicts:
        return 1
    return 2 if "unknown" in verdicts else 0


def rows(lines: Iterable[Line]) -> Iterator[str]:
    """The table as it is printed, colours included."""
    for line in lines:
        mark, colour = MARKS[line.verdict]
        yield f"{click.style(f'{mark:<5}', fg=colour, bold=True)} {line.part:<34} {line.what}"
        if line.mend:
            yield f"{'':<5} {'':<34} -> {line.mend}"
