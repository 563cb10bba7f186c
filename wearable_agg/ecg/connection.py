"""One device's WebSocket connection, from hello to bye."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any, Protocol

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from safeguards.assertions import Asker, NotAuthentic, Verifier
from wearable_agg.ecg import inbox
from wearable_agg.ecg.binary import decode_slice
from wearable_agg.ecg.clock import Clock
from wearable_agg.ecg.frames import (
    AUDIENCE,
    MAXIMUM_FRAME_BYTES,
    SCOPE,
    WINDOW,
    Ack,
    Beats,
    Bye,
    Carried,
    Code,
    Control,
    ErrorFrame,
    Gap,
    Hello,
    ProtocolError,
    Ready,
    Samples,
    Slice,
)
from wearable_agg.ecg.protocol import decode_control, encode_control
from wearable_agg.ecg.stream import Frame, OutOfSequence, Stream
from wearable_agg.ecg.writer import Pending, Writer
from wearable_agg.store.clock import now_micros

HELLO_SECONDS = 10.0
log = structlog.get_logger()


class Left(Exception):
    """The device went away without a bye."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A session opened for a connection: where it stands in the inbox, and its state."""

    session: inbox.Session
    stream: Stream


class Desk(Protocol):
    """What a connection needs of the gateway."""

    verifier: Verifier
    writer: Writer

    async def open(self, connection: Connection, hello: Hello, asker: Asker) -> Opening:
        """Open the session, taking it from another connection that holds it."""
        ...

    async def finish(self, session: inbox.Session) -> None:
        """Note that the device ended the session."""
        ...


class Connection:
    """Reads frames, hands them to the writer, acknowledges what is on disk."""

    def __init__(self, socket: WebSocket, desk: Desk) -> None:
        self._socket, self._desk = socket, desk
        self._window = asyncio.Semaphore(WINDOW)
        self._changed = asyncio.Event()
        self._stored: int | None = None
        self._rewinding = False
        self._warned = False
        self._last_lead = 0
        self._carried: Carried | None = None
        self._reason: asyncio.Future[ProtocolError] = asyncio.get_running_loop().create_future()
        self.released = asyncio.Event()
        self.failed = False
        self.asker: Asker | None = None

    async def serve(self) -> None:
        """Serve the connection to its end; raises ProtocolError or Left where it breaks."""
        hello = await self._hello()
        self.asker = self._authenticate(hello)
        opening = await self._desk.open(self, hello, self.asker)
        stream = opening.stream
        await self._send(Ready(hello.session, stream.sequence, WINDOW, now_micros()))
        log.info("stream ready", session=hello.session, next=stream.sequence)
        await self._until_bye(opening)
        await self._farewell(opening)

    async def _until_bye(self, opening: Opening) -> None:
        tasks = [
            asyncio.ensure_future(self._read(opening)),
            asyncio.ensure_future(self._acknowledge()),
        ]
        try:
            waited: list[asyncio.Future[Any]] = [*tasks, self._reason]
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            self.released.set()
        if self._reason.done():
            raise self._reason.result()
        for result in results:
            if isinstance(result, Exception):
                raise result

    def replace(self) -> None:
        """End this connection because the device came back on another one."""
        self.end(ProtocolError(Code.REPLACED, "the session goes on in another connection"))

    def stored(self, frame: Frame) -> None:
        """Take note that a frame is on disk; its slice is, once its last lead is."""
        self._window.release()
        self._stored = frame.sequence if frame.lead == self._last_lead else self._stored
        self._changed.set()

    def lost(self) -> None:
        """Take note that a frame could not be stored; the device has to come back."""
        self.failed = True
        self.end(ProtocolError(Code.UNAVAILABLE, "cannot store at present, come back later"))

    def end(self, reason: ProtocolError) -> None:
        """End this connection for a reason that the device is told."""
        if not self._reason.done():
            self._reason.set_result(reason)

    async def _hello(self) -> Hello:
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                received = await self._receive()
        except TimeoutError as error:
            raise ProtocolError(Code.HELLO_EXPECTED, "no hello in time") from error
        if not isinstance(received, Hello):
            raise ProtocolError(Code.HELLO_EXPECTED, "the first frame is a hello")
        self._last_lead, self._carried = len(received.leads) - 1, received.signal
        return received

    def _authenticate(self, hello: Hello) -> Asker:
        try:
            asker = self._desk.verifier.verify(hello.token, AUDIENCE)
        except NotAuthentic as error:
            raise ProtocolError(Code.NOT_AUTHENTIC, "the token is not valid") from error
        if SCOPE not in asker.scopes:
            raise ProtocolError(Code.FORBIDDEN, f"the token does not allow {SCOPE}")
        return asker

    async def _read(self, opening: Opening) -> None:
        """Take frames until the device says bye."""
        while True:
            match await self._receive():
                case Samples() | Beats() as part:
                    await self._take(opening, part)
                case Gap() as gap:
                    opening.stream.mark(gap)
                case Bye():
                    return
                case _:
                    raise ProtocolError(Code.MALFORMED, "not a frame for a gateway")

    async def _take(self, opening: Opening, part: Slice) -> None:
        stream = opening.stream
        try:
            frame = stream.take(part, now_micros())
        except OutOfSequence as problem:
            await self._rewind(problem.expected)
            return
        if frame is None:
            self._repeat_ack()
            return
        self._rewinding = False
        await self._warn_of_rate(stream.clock)
        await self._window.acquire()
        pending = Pending(self, opening.session.id, frame, stream.clock)
        await self._desk.writer.put(pending)

    async def _rewind(self, expected: int) -> None:
        """Ask once for what is missing: more frames are already under way."""
        if not self._rewinding:
            self._rewinding = True
            await self._send(
                ErrorFrame(Code.OUT_OF_SEQUENCE, "continue from here", False, expected)
            )

    async def _warn_of_rate(self, clock: Clock) -> None:
        if not self._warned and clock.rate_is_implausible:
            self._warned = True
            message = f"more than 5 % from the announced {clock.nominal:g} Hz"
            await self._send(ErrorFrame(Code.RATE_MISMATCH, message, False))

    def _repeat_ack(self) -> None:
        if self._stored is not None:
            self._changed.set()

    async def _acknowledge(self) -> None:
        """Send the latest acknowledgement whenever there is a newer one."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._stored is not None:
                await self._send(Ack(self._stored))

    async def _farewell(self, opening: Opening) -> None:
        await self._desk.writer.flush()
        if self.failed:
            raise ProtocolError(Code.UNAVAILABLE, "cannot store at present, come back later")
        await self._desk.finish(opening.session)
        if self._stored is not None:
            await self._send(Ack(self._stored))
        await self._send(Bye())

    async def _receive(self) -> Control | Slice:
        message = await self._socket.receive()
        if message["type"] != "websocket.receive":
            raise Left
        data: bytes | None = message.get("bytes")
        if data is not None:
            if self._carried is None:
                raise ProtocolError(Code.HELLO_EXPECTED, "the first frame is a hello")
            return decode_slice(data, self._carried)
        text: str = message.get("text") or ""
        if len(text) > MAXIMUM_FRAME_BYTES:
            raise ProtocolError(Code.TOO_LARGE, f"a frame of {len(text)} characters")
        return decode_control(text)

    async def _send(self, frame: Control) -> None:
        try:
            await self._socket.send_text(encode_control(frame))
        except (WebSocketDisconnect, RuntimeError) as error:
            # Starlette and the server underneath say "already closed" in these two ways
            raise Left from error
