"""The gateway: ECG over WebSocket, acknowledged once it is on disk (docs/ecg-stream.md)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager, suppress
from typing import Protocol, TypeVar

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from safeguards.assertions import Asker, Verifier
from wearable_agg.ecg import inbox
from wearable_agg.ecg.clock import Clock, check_clock, first_clock
from wearable_agg.ecg.connection import Connection, Left, Opening
from wearable_agg.ecg.frames import SUBPROTOCOL, Carried, Code, ErrorFrame, Hello, ProtocolError
from wearable_agg.ecg.protocol import encode_control
from wearable_agg.ecg.stream import Stream, resumed
from wearable_agg.ecg.writer import Writer
from wearable_agg.store.clock import now_micros
from wearable_agg.store.database import writing

CLOSING_SECONDS = 5.0
CONSENT_SECONDS = 0.5
"""How often it is asked whether each patient still shares ECG."""

NORMAL, POLICY_VIOLATION, TRY_AGAIN_LATER = 1000, 1008, 1013
Result = TypeVar("Result")
log = structlog.get_logger()


class Permission(Protocol):
    """Says who may not send; see wearable_agg.ecg.permission."""

    def refused(self, askers: Collection[Asker]) -> frozenset[Asker]:
        """Return those whose patient does not share ECG now."""
        ...


class Gateway:
    """Holds the connections of one process; a session lives in one of them at a time."""

    def __init__(self, engine: Engine, verifier: Verifier, permission: Permission) -> None:
        self._engine, self._permission = engine, permission
        self.verifier = verifier
        self.writer = Writer(engine)
        self._connections: dict[str, Connection] = {}

    async def serve(self, socket: WebSocket) -> None:
        """Serve one WebSocket: the edge where a broken protocol becomes an error frame."""
        offered = SUBPROTOCOL in socket.scope.get("subprotocols", ())
        await socket.accept(SUBPROTOCOL if offered else None)
        connection = Connection(socket, self)
        try:
            await connection.serve()
            await socket.close(NORMAL)
        except ProtocolError as error:
            log.warning("stream refused", code=str(error.code), reason=error.message)
            await _refuse(socket, error)
        except Left:
            log.info("stream interrupted")
        finally:
            self._forget(connection)

    async def open(self, connection: Connection, hello: Hello, asker: Asker) -> Opening:
        """Open the session, once everything that came by an earlier connection is on disk."""
        if await self._refused([asker]):
            raise _not_shared()
        while (earlier := self._connections.get(hello.session)) is not None:
            # nobody ends another patient's connection by naming its session
            await self._call(lambda: self._open(hello, asker))
            earlier.replace()
            await earlier.released.wait()
            self._forget(earlier)
        self._connections[hello.session] = connection
        await self.writer.flush()
        return await self._call(lambda: self._open(hello, asker))

    async def watch_consent(self) -> None:
        """End the stream of whoever withdraws consent, until cancelled."""
        while True:
            await asyncio.sleep(CONSENT_SECONDS)
            streaming = [one for one in self._connections.values() if one.asker is not None]
            refused = await self._refused({one.asker for one in streaming if one.asker})
            for connection in streaming:
                if connection.asker in refused:
                    connection.end(_not_shared())

    async def _refused(self, askers: Collection[Asker]) -> frozenset[Asker]:
        """Ask about all at once; where that is impossible nobody may send."""
        if not askers:
            return frozenset()
        try:
            return await asyncio.to_thread(self._permission.refused, askers)
        except SQLAlchemyError as error:
            log.error("consents not readable", reason=str(error.__cause__ or error))
            return frozenset(askers)

    async def finish(self, session: inbox.Session) -> None:
        """Note that the device ended the session."""
        await self._call(lambda: self._finish(session))

    async def _call(self, work: Callable[[], Result]) -> Result:
        """Work on the file; raises ProtocolError (unavailable) where that is impossible."""
        try:
            return await self.writer.call(work)
        except SQLAlchemyError as error:
            log.error("inbox not writable", reason=str(error.__cause__ or error))
            raise ProtocolError(
                Code.UNAVAILABLE, "cannot store at present, come back later"
            ) from error

    def _finish(self, session: inbox.Session) -> None:
        with writing(self._engine) as connection:
            inbox.end_session(connection, session)

    def _open(self, hello: Hello, asker: Asker) -> Opening:
        now = now_micros()
        sampled = hello.signal is Carried.ECG
        clock = first_clock(hello.rate, hello.device_time, now, sampled=sampled)
        with writing(self._engine) as connection:
            session = inbox.open_session(connection, hello, asker, clock)
            following = inbox.next_sequence(connection, session)
            latest = inbox.latest_frame(connection, session, following)
        known = (session.nominal_rate, session.rate, session.offset, session.drift)
        clock = Clock(*known, sampled=sampled)
        check_clock(clock, hello.device_time, now)
        clock = clock if latest is None else resumed(clock, latest)
        return Opening(session, Stream(hello, clock, following))

    def _forget(self, connection: Connection) -> None:
        connection.released.set()
        for session, known in list(self._connections.items()):
            if known is connection:
                del self._connections[session]


def create_gateway(engine: Engine, verifier: Verifier, permission: Permission) -> Starlette:
    """Return the ASGI application: /ecg and /healthz."""
    gateway = Gateway(engine, verifier, permission)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with gateway.writer.running():
            watching = asyncio.create_task(gateway.watch_consent())
            try:
                yield
            finally:
                watching.cancel()

    async def healthy(_request: Request) -> JSONResponse:
        if gateway.writer.alive:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "the writer has stopped"}, 503)

    return Starlette(
        routes=[WebSocketRoute("/ecg", gateway.serve), Route("/healthz", healthy)],
        lifespan=lifespan,
    )


def _not_shared() -> ProtocolError:
    return ProtocolError(Code.FORBIDDEN, "the patient does not share ECG")


async def _refuse(socket: WebSocket, error: ProtocolError) -> None:
    frame = ErrorFrame(error.code, error.message, fatal=True)
    code = TRY_AGAIN_LATER if error.code is Code.UNAVAILABLE else POLICY_VIOLATION
    # the device may have gone first, or no longer read
    with suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
        async with asyncio.timeout(CLOSING_SECONDS):
            await socket.send_text(encode_control(frame))
            await socket.close(code, error.code)
