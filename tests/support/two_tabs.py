"""Two tabs of one browser, one patient in each: what is done in them, and what may never cross."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Person:
    """A patient and the words that stand on no other patient's page."""

    id: str
    name: str
    born: str
    drug: str
    device: str

    @property
    def marks(self) -> tuple[str, ...]:
        return (self.name, self.born, self.drug, self.device)


MARIT = Person("marit-solheim", "Marit Solheim", "1958-03-14", "Apixaban", "Patch M-17")
JONAS = Person("jonas-berg", "Jonas Berg", "1949-07-02", "Rivaroxaban", "Patch J-42")
PEOPLE = (MARIT, JONAS)


class Tab(Protocol):
    """A tab with one patient's chart. Every act returns all that the browser was then given."""

    person: Person

    def relaunch(self) -> list[str]: ...
    def refresh(self) -> list[str]: ...
    def choose(self) -> list[str]: ...
    def acknowledge(self) -> list[str]: ...
    def back(self) -> list[str]: ...


ACTS = ("relaunch", "refresh", "choose", "choose", "acknowledge", "back")


@dataclass(frozen=True, slots=True)
class Interleaving:
    """Acts in turn, each in a tab; `at_once` lets the two tabs run on their own instead."""

    acts: tuple[tuple[int, str], ...]
    at_once: bool

    @property
    def in_turn(self) -> Interleaving:
        """The same acts, one after the other."""
        return Interleaving(self.acts, at_once=False)


def interleavings(count: int, acts: int, seed: int = 16) -> Iterator[Interleaving]:
    """Yield interleavings, the same ones for a seed; both tabs have their part in each."""
    chance = random.Random(seed)  # noqa: S311
    for number in range(count):
        tabs = [number % 2, 1 - number % 2, *(chance.randrange(2) for _ in range(acts - 2))]
        chance.shuffle(tabs)
        yield Interleaving(tuple((tab, chance.choice(ACTS)) for tab in tabs), number % 4 == 3)


def crossings(tabs: Sequence[Tab], played: Iterable[Interleaving]) -> list[str]:
    """Play interleavings over two open tabs and return every sign of the wrong patient."""
    found: list[str] = []
    for number, interleaving in enumerate(played):
        steps = [_steps(tabs[tab], tab, interleaving) for tab in (0, 1)]
        where = f"interleaving {number}"
        if interleaving.at_once:
            with ThreadPoolExecutor(2) as both:
                found += [
                    f"{where}: {sign}" for signs in both.map(_all_signs, steps) for sign in signs
                ]
        else:
            ordered = [iter(one) for one in steps]
            for tab, _ in interleaving.acts:
                found += [f"{where}: {sign}" for sign in next(ordered[tab])()]
    return found


def signs(person: Person, act: str, texts: Iterable[str]) -> list[str]:
    """Say what is wrong in what a tab was given: a stranger's mark, or none of its own."""
    [other] = [one for one in PEOPLE if one is not person]
    wrong = []
    for text in texts:
        wrong += [f"{act} of {person.id} shows {mark}" for mark in other.marks if mark in text]
        if not any(mark in text for mark in person.marks):
            wrong.append(f"{act} of {person.id} shows nobody: {text[:80]!r}")
    return wrong


def _steps(tab: Tab, index: int, played: Interleaving) -> list[Callable[[], list[str]]]:
    def step(act: str) -> Callable[[], list[str]]:
        return lambda: signs(tab.person, act, getattr(tab, act)())

    return [step(act) for which, act in played.acts if which == index]


def _all_signs(steps: list[Callable[[], list[str]]]) -> list[str]:
    return [sign for step in steps for sign in step()]
