"""Fetching pages before they are needed, where waiting is what takes the time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

WORTH_SECONDS = 0.08  # a page that comes faster is cheaper to wait for than to hand to a thread
AT_ONCE = 3

Page = dict[str, Any]


class Ahead:
    """Pages on their way, each asked for once."""

    def __init__(self, fetch: Callable[[str], Page], *, is_worth_it: bool) -> None:
        self._fetch = fetch
        self._pool = ThreadPoolExecutor(AT_ONCE, "page ahead") if is_worth_it else None
        self._coming: dict[str, Future[Page]] = {}

    def __enter__(self) -> Ahead:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    @property
    def is_worth_it(self) -> bool:
        """Whether anything is fetched ahead at all."""
        return self._pool is not None

    def start(self, url: str) -> None:
        """Ask for a page now, if that is worth it."""
        if self._pool is not None and url not in self._coming:
            self._coming[url] = self._pool.submit(self._fetch, url)

    def page(self, url: str) -> Page:
        """The page; raises what fetching it raised."""
        coming = self._coming.pop(url, None)
        return self._fetch(url) if coming is None else coming.result()


def next_in_line(previous: str, current: str) -> str:
    """The address after `current`, where one number in the query grew from `previous` to it.

    "" for any other pair: the addresses of most EHRs are opaque and are never made up.
    """
    (head, _, before), (same, _, after) = previous.partition("?"), current.partition("?")
    old, new = before.split("&"), after.split("&")
    if head != same or len(old) != len(new):
        return ""
    changed = [place for place, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    if len(changed) != 1:
        return ""
    place = changed[0]
    (name, _, low), (other, _, high) = old[place].partition("="), new[place].partition("=")
    numbers = low.isascii() and high.isascii() and low.isdecimal() and high.isdecimal()
    if name != other or not numbers or len(high) > 9 or int(high) <= int(low):
        return ""
    new[place] = f"{name}={2 * int(high) - int(low)}"
    return f"{head}?{'&'.join(new)}"
