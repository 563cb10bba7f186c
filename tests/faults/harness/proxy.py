"""A TCP proxy that spoils connections by chance."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from multiprocessing.context import ForkContext, ForkProcess
from urllib.parse import urlsplit

FAULTS = ("latency", "cut", "reset", "half-close", "trickle")
"""Answers come late, end after N bytes, or byte by byte; the connection is reset, or closed one
way, once the request has gone through."""

RATE = 0.02
_CHUNK = 65536
_LATENCY_SECONDS = 0.15
_LONGEST_CUT = 400


class Proxy:
    """Passes connections on to one server; a share of the answers meets one of FAULTS."""

    def __init__(self, target: str, listener: socket.socket, seed: int, rate: float) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname, parts.port)
        self._listener = listener
        self._chance = random.Random(seed)  # noqa: S311  # the same faults each time
        self._rate = rate
        self._held: set[asyncio.Task[None] | None] = set()

    def run(self) -> None:
        """Serve until the process ends."""
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._pass_on, sock=self._listener)
        async with server:
            await server.serve_forever()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        self._held.add(task)  # the loop itself keeps no hold of it
        try:
            up_reader, up_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.close()
            self._held.discard(task)
            return
        requests = asyncio.create_task(self._copy(reader, up_writer))
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._answers(up_reader, writer)
        requests.cancel()
        for each in (writer, up_writer):
            each.close()
        self._held.discard(task)

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                writer.write(data)
                await writer.drain()
        writer.close()  # a client that was killed leaves no connection behind

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            spoiled = self._chance.random() < self._rate
            if spoiled and not await self._spoil(self._chance.choice(FAULTS), data, writer):
                return
            if not spoiled:
                writer.write(data)
                await writer.drain()

    async def _spoil(self, fault: str, data: bytes, writer: asyncio.StreamWriter) -> bool:
        """Let an answer meet a fault; False where the connection is over."""
        if fault == "latency":
            await asyncio.sleep(_LATENCY_SECONDS)
            writer.write(data)
            return True
        if fault == "cut":
            writer.write(data[: self._chance.randrange(_LONGEST_CUT)])
        elif fault == "reset":
            linger = struct.pack("ii", 1, 0)  # close() then sends RST
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        elif fault == "half-close":
            writer.write_eof()
            await asyncio.sleep(1)
        else:
            for byte in data[:10]:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(1)
        return False


def start(
    context: ForkContext, target: str, listener: socket.socket, seed: int, rate: float = RATE
) -> ForkProcess:
    """Start a proxy process on a listening socket."""
    process = context.Process(target=Proxy(target, listener, seed, rate).run, daemon=True)
    process.start()
    return process
