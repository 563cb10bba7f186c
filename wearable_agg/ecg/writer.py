"""Group commit: one writer puts the frames of all connections on disk, then lets them know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from wearable_agg.ecg import inbox
from wearable_agg.ecg.clock import Clock
from wearable_agg.ecg.stream import Frame
from wearable_agg.store.database import writing

QUEUED = 4096
BATCH = 1024
GATHERING_SECONDS = 0.01
"""How long the first frame of a batch waits for company, so that many streams share a commit."""

Result = TypeVar("Result")
log = structlog.get_logger()


class Sender(Protocol):
    """Where frames come from, and who learns what became of them."""

    @property
    def failed(self) -> bool:
        """Whether a frame of this sender was lost: then none after it may be stored."""
        ...

    def stored(self, frame: Frame) -> None:
        """Take note that this frame is on disk."""
        ...

    def lost(self) -> None:
        """Take note that a frame could not be stored."""
        ...


@dataclass(frozen=True, slots=True)
class Pending:
    """A frame on its way to disk, with the clock as it stood after it."""

    sender: Sender
    session: int
    frame: Frame
    clock: Clock


_Item: TypeAlias = Pending | asyncio.Future[None]


class Writer:
    """The only one that writes frames; owns a thread for SQLite."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: asyncio.Queue[_Item] = asyncio.Queue(QUEUED)
        self._thread = ThreadPoolExecutor(1, "ecg-writer")
        self._task: asyncio.Task[None] | None = None
        self._known: dict[int, tuple[float, int, float | None]] = {}

    async def put(self, pending: Pending) -> None:
        """Hand over a frame; waits while the queue is full."""
        await self._queue.put(pending)

    async def flush(self) -> None:
        """Return once everything handed over before is on disk or lost."""
        reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._queue.put(reached)
        await reached

    async def call(self, work: Callable[[], Result]) -> Result:
        """Run other work on the file in the same thread, so that it never waits for a lock."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    @property
    def alive(self) -> bool:
        """Whether frames are being written."""
        return self._task is not None and not self._task.done()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write while the context lasts; everything handed over is on disk after it."""
        self._task = asyncio.create_task(self._run())
        yield
        if self.alive:
            await self.flush()
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        self._thread.shutdown()

    async def _run(self) -> None:
        while True:
            items = [await self._queue.get()]
            await asyncio.sleep(GATHERING_SECONDS)
            while len(items) < BATCH and not self._queue.empty():
                items.append(self._queue.get_nowait())
            await self._write([item for item in items if isinstance(item, Pending)])
            for item in items:
                if isinstance(item, asyncio.Future) and not item.done():
                    item.set_result(None)

    async def _write(self, batch: list[Pending]) -> None:
        kept = [pending for pending in batch if not pending.sender.failed]
        if not kept:
            return
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._commit, kept)
        except SQLAlchemyError as error:
            log.error("frames not stored", frames=len(kept), reason=str(error.__cause__ or error))
            for pending in kept:
                pending.sender.lost()
            return
        for pending in kept:
            pending.sender.stored(pending.frame)

    def _commit(self, batch: Sequence[Pending]) -> None:
        clocks = self._news(batch)
        with writing(self._engine) as connection:
            inbox.append(connection, ((pending.session, pending.frame) for pending in batch))
            inbox.note_clocks(connection, clocks)

    def _news(self, batch: Sequence[Pending]) -> dict[int, Clock]:
        """Return the clocks of which something changed since they were noted last."""
        latest = {pending.session: pending.clock for pending in batch}
        news = {}
        for session, clock in latest.items():
            facts = (clock.rate, clock.offset, clock.drift)
            if self._known.get(session) != facts:
                self._known[session], news[session] = facts, clock
        return news
