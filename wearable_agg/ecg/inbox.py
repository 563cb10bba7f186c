"""Writing and reading the inbox of streamed ECG."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select

from safeguards.assertions import Asker
from wearable_agg.ecg.clock import Clock
from wearable_agg.ecg.frames import Carried, Code, Device, Hello, ProtocolError, Sensor
from wearable_agg.ecg.stream import Frame
from wearable_agg.ecg.tables import frames, quarantined, sessions
from wearable_agg.store.clock import now_micros
from wearable_agg.store.upserts import insert

END_OF_SESSION = -1
"""Stands for a lead where a frame says only that the session ended."""

_FRAME = tuple(field.name for field in fields(Frame))
FRAME_COLUMNS = (frames.c.id, frames.c.session, *(frames.c[name] for name in _FRAME))
"""What `stored_frame` reads."""

_BACKWARDS_MICROS = 1_000_000
"""A frame may begin before the one that precedes it, but not by as much as this."""

_OF_LEAD = (frames.c.session == bindparam("of_session"), frames.c.lead == bindparam("of_lead"))
_SEQUENCES = select(
    # two queries: SQLite answers each with one step in the index
    *(
        select(function(frames.c.sequence)).where(*_OF_LEAD).scalar_subquery()
        for function in (func.min, func.max)
    )
)
_BEGINS = (
    select(frames.c.start)
    .where(*_OF_LEAD, frames.c.sequence >= bindparam("at"))
    .order_by(frames.c.sequence)
    .limit(1)
)
_BETWEEN = (
    select(*FRAME_COLUMNS)
    .where(
        *_OF_LEAD,
        frames.c.sequence.between(bindparam("first"), bindparam("last")),
        *(frames.c.start >= bindparam("from"), frames.c.start < bindparam("until")),
    )
    .order_by(frames.c.sequence)
)

_frame_values = attrgetter(*_FRAME)  # asdict would copy every value


@dataclass(frozen=True, slots=True)
class Session:
    """One placement of a device on one patient, as stored.

    `rate` is the true rate in Hz, `gain` microvolts per count, `offset` microseconds to add to
    device time.
    """

    id: int
    session: str
    tenant: str
    issuer: str
    patient_id: str
    device: Device
    leads: tuple[str, ...]
    nominal_rate: float
    gain: float
    rate: float
    offset: int
    drift: float | None
    signal: Carried = Carried.ECG
    sensor: Sensor = Sensor.ELECTRIC


@dataclass(frozen=True, slots=True)
class StoredFrame:
    """A frame as it lies in the inbox; `id` grows in the order of arrival."""

    id: int
    session: int
    frame: Frame


def open_session(connection: Connection, hello: Hello, asker: Asker, clock: Clock) -> Session:
    """Return the stored session of `hello`, which is made where it is new.

    Raises ProtocolError where the session belongs to another patient (session_taken) or the device
    describes itself otherwise than before (session_changed).
    """
    known = session_called(connection, hello.session)
    if known is None:
        connection.execute(sessions.insert().values(**_session_row(hello, asker, clock)))
        known = session_called(connection, hello.session)
    if known is None:
        raise LookupError(hello.session)
    _check_same(known, hello, asker)
    return known


def session_called(connection: Connection, session: str) -> Session | None:
    """Return the session with this UUID, or None."""
    row = connection.execute(select(sessions).where(sessions.c.session == session)).first()
    return None if row is None else _session(row)


def sessions_by_id(connection: Connection, ids: Collection[int]) -> dict[int, Session]:
    """Return the sessions with these row ids."""
    rows = connection.execute(select(sessions).where(sessions.c.id.in_(ids)))
    return {row.id: _session(row) for row in rows}


def append(connection: Connection, rows: Iterable[tuple[int, Frame]]) -> None:
    """Store frames, each with its session's row id; one that is there already stays as it is."""
    values = [
        {"session": session, **dict(zip(_FRAME, _frame_values(frame), strict=True))}
        for session, frame in rows
    ]
    if values:
        connection.execute(insert(frames).on_conflict_do_nothing(), values)


def note_clocks(connection: Connection, clocks: Mapping[int, Clock]) -> None:
    """Keep what was learnt of devices' clocks, by session row id."""
    for session, clock in clocks.items():
        connection.execute(
            sessions.update()
            .where(sessions.c.id == session)
            .values(rate=clock.rate, clock_offset=clock.offset, drift=clock.drift)
        )


def end_session(connection: Connection, session: Session) -> None:
    """Note that the device said it is done, in its row and in its place among the frames."""
    now = now_micros()
    connection.execute(sessions.update().where(sessions.c.id == session.id).values(ended_at=now))
    mark_end(connection, session)


def mark_end(connection: Connection, session: Session) -> None:
    """Put the end of a session among the frames, for a device that never says bye.

    What still comes of it begins anew. The same end again changes nothing.
    """
    now = now_micros()
    sequence = next_sequence(connection, session)
    end = Frame(END_OF_SESSION, sequence, 0, now, now, session.rate, 0, b"", 0, gap_before=False)
    append(connection, [(session.id, end)])


def last_arrival(connection: Connection, session: Session, lead: int) -> int | None:
    """Return when the latest slice of a lead came in (UTC microseconds), None where none did."""
    latest = (
        select(frames.c.received_at)
        .where(frames.c.session == session.id, frames.c.lead == lead)
        .order_by(frames.c.sequence.desc())
        .limit(1)
    )
    return connection.execute(latest).scalar()


def next_sequence(connection: Connection, session: Session) -> int:
    """Return the first slice of which not every lead is stored."""
    # a query for each lead: SQLite answers it with one step in the index
    latest = [
        connection.execute(
            select(func.max(frames.c.sequence)).where(
                frames.c.session == session.id, frames.c.lead == lead
            )
        ).scalar()
        for lead in range(len(session.leads))
    ]
    return min(-1 if sequence is None else int(sequence) for sequence in latest) + 1


def latest_frame(connection: Connection, session: Session, before: int) -> Frame | None:
    """Return the first lead's frame of the slice before slice `before`."""
    query = select(*FRAME_COLUMNS).where(
        frames.c.session == session.id, frames.c.lead == 0, frames.c.sequence == before - 1
    )
    row = connection.execute(query).first()
    return None if row is None else stored_frame(row).frame


def read_after(connection: Connection, cursor: int, lead: int, limit: int) -> list[StoredFrame]:
    """Return at most `limit` frames of one lead that came after frame id `cursor`, oldest first.

    A frame of lead END_OF_SESSION, without samples, stands where a device said bye.
    """
    query = (
        select(*FRAME_COLUMNS)
        .where(frames.c.id > cursor, frames.c.lead.in_((lead, END_OF_SESSION)))
        .order_by(frames.c.id)
        .limit(limit)
    )
    return [stored_frame(row) for row in connection.execute(query)]


def read_between(
    connection: Connection, session: int, lead: int, start: int, end: int
) -> list[Frame]:
    """Return the frames of one lead that begin from `start` to `end` (UTC microseconds)."""
    where = {"of_session": session, "of_lead": lead}
    first, last = (
        _first_from(connection, where, moment)
        for moment in (start - _BACKWARDS_MICROS, end + _BACKWARDS_MICROS)
    )
    rows = connection.execute(
        _BETWEEN, {**where, "first": first, "last": last, "from": start, "until": end}
    )
    return [stored_frame(row).frame for row in rows]


def _first_from(connection: Connection, where: Mapping[str, int], moment: int) -> int:
    """Return a sequence before which no frame begins at `moment` or later.

    Found by halving, for which the frames need no second index: it would cost every frame more
    than this costs the few who ask.
    """
    oldest, newest = connection.execute(_SEQUENCES, where).one()
    if oldest is None:
        return 0

    def begins(sequence: int) -> int:
        return int(connection.execute(_BEGINS, {**where, "at": sequence}).scalar_one())

    return int(oldest) + bisect_left(range(oldest, newest + 1), moment, key=begins)


def quarantine(connection: Connection, reasons: Mapping[int, str]) -> None:
    """Set frames aside, by id, with the reason why they cannot be used."""
    values = [{"frame": i, "reason": reason, "at": now_micros()} for i, reason in reasons.items()]
    if values:
        connection.execute(insert(quarantined).on_conflict_do_nothing(), values)


def _session_row(hello: Hello, asker: Asker, clock: Clock) -> dict[str, Any]:
    return {
        "session": hello.session,
        "tenant": asker.tenant,
        "issuer": asker.issuer,
        "patient_id": asker.patient,
        **asdict(hello.device),
        "leads": " ".join(hello.leads),
        "nominal_rate": hello.rate,
        "gain": hello.gain,
        "rate": clock.rate,
        "clock_offset": clock.offset,
        "opened_at": now_micros(),
        "signal": hello.signal,
        "sensor": hello.sensor,
    }


def _check_same(known: Session, hello: Hello, asker: Asker) -> None:
    owner = (known.tenant, known.issuer, known.patient_id)
    if owner != (asker.tenant, asker.issuer, asker.patient):
        raise ProtocolError(Code.SESSION_TAKEN, "this session belongs to another stream")
    stored = (known.device.serial, known.leads, known.nominal_rate, known.gain)
    if stored != (hello.device.serial, hello.leads, hello.rate, hello.gain):
        raise ProtocolError(Code.SESSION_CHANGED, "device, leads, rate or gain changed")
    if (known.signal, known.sensor) != (hello.signal, hello.sensor):
        raise ProtocolError(Code.SESSION_CHANGED, "signal or sensor changed")


def _session(row: Row[Any]) -> Session:
    return Session(
        id=row.id,
        session=row.session,
        tenant=row.tenant,
        issuer=row.issuer,
        patient_id=row.patient_id,
        device=Device(row.vendor, row.model, row.serial, row.firmware),
        leads=tuple(row.leads.split()),
        nominal_rate=row.nominal_rate,
        gain=row.gain,
        rate=row.rate,
        offset=row.clock_offset,
        drift=row.drift,
        signal=Carried(row.signal),
        sensor=Sensor(row.sensor),
    )


def stored_frame(row: Row[Any]) -> StoredFrame:
    """Return a row of FRAME_COLUMNS as a value."""
    # by position: every second of every stream passes here, and names cost twice as much
    values = tuple(row)
    return StoredFrame(values[0], values[1], Frame(*values[2:]))
