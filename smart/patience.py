"""How long to wait for an EHR that says it is busy, and when to give up."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type

from smart.errors import EhrBusy

ATTEMPTS = 3
FIRST_WAIT_SECONDS = 0.3
LONGEST_WAIT_SECONDS = 8.0  # somebody is waiting for the page
BUDGET_SECONDS = 25.0

Answer = TypeVar("Answer")


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """The seconds of a Retry-After header (a number or an HTTP date), at least 0; None without."""
    said = headers.get("Retry-After", "").strip()
    if said.isascii() and said.isdecimal():
        return float(said[:9])
    try:
        moment = parsedate_to_datetime(said)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((aware - datetime.now(UTC)).total_seconds(), 0.0)


class Budget:
    """The time one reading may take, waiting included."""

    def __init__(self, seconds: float = BUDGET_SECONDS) -> None:
        self._until = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left; not above 0 when the time is up."""
        return self._until - time.monotonic()


def patiently(ask: Callable[[], Answer], budget: Budget) -> Answer:
    """Ask, and ask again what raises EhrBusy, not sooner than it wants.

    Gives up, raising EhrBusy, after the third attempt, and at once where the EHR wants more time
    than the budget has or a person would wait.
    """
    try:
        return ask()
    except EhrBusy as error:
        outcomes = [error]

    def again() -> Answer:
        if outcomes:
            raise outcomes.pop()
        return ask()

    def gives_up(state: RetryCallState) -> bool:
        longest = min(LONGEST_WAIT_SECONDS, budget.left)
        return state.attempt_number >= ATTEMPTS or _wait(state) > longest

    busy = retry_if_exception_type(EhrBusy)
    return Retrying(retry=busy, wait=_wait, stop=gives_up, reraise=True)(again)


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    asked = error.seconds if isinstance(error, EhrBusy) else None
    if asked is not None:
        return asked
    usual = FIRST_WAIT_SECONDS * 3.0 ** (state.attempt_number - 1)
    return usual * (1 + random.random() / 4)  # noqa: S311  # spreads callers, guards nothing
