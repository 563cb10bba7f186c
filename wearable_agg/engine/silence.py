"""Streams that fall silent without a bye: their episodes end, and in time they are forgotten.

config/clinical/silence.toml says after how long. An episode's end by silence is only written down:
the analysis keeps it, so that a stream that comes back takes it up again. The end of a stream
itself is put among the frames, where every replay finds it in the same place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, RowMapping, select

from config.clinical import load
from wearable_agg.afib.state import ShardState
from wearable_agg.afib.step import finish
from wearable_agg.afib.types import EpisodeEnded
from wearable_agg.ecg import inbox
from wearable_agg.ecg.inbox import Session
from wearable_agg.engine.chunks import ANALYSED_LEAD, session_of, shard_of
from wearable_agg.engine.recording import DECIDERS
from wearable_agg.store.clock import now_micros
from wearable_agg.store.findings_tables import episodes

_MICROS = 1_000_000
_MILLISECOND = 1000
_OF_STREAMS = [decider for decider, _ in DECIDERS.values()]


def open_episodes(connection: Connection, after: str, most: int) -> Sequence[RowMapping]:
    """Return the first few episodes in streams that are still going on, of ids above `after`."""
    query = select(episodes).where(
        episodes.c.id > after, episodes.c.end.is_(None), episodes.c.decider.in_(_OF_STREAMS)
    )
    return connection.execute(query.order_by(episodes.c.id).limit(most)).mappings().all()


def ended(
    ecg: Connection, states: Sequence[ShardState], rows: Iterable[RowMapping]
) -> list[tuple[EpisodeEnded, Session]]:
    """Return the end of each episode whose stream is silent, or that the analysis lost.

    Lost is an episode that its shard's state does not hold, as one that was saved by a version that
    could not be read: it ends where it was seen last.
    """
    limit = load("silence")["stream"]["ends_after_seconds"]
    found = []
    for row in rows:
        session = inbox.session_called(ecg, session_of(row["stream"]))
        if session is None:
            continue
        state = states[shard_of(row["stream"])]
        if not _holds(state, row):
            found.append((_last_seen(row), session))
        elif _is_silent(ecg, session, limit):
            found.append((_as_it_stands(state, row), session))
    return found


def forgotten(ecg: Connection, streams: Iterable[str]) -> list[Session]:
    """Return the sessions, of these streams, that are to be given up."""
    limit = load("silence")["stream"]["forgotten_after_seconds"]
    called = (inbox.session_called(ecg, session_of(stream)) for stream in streams)
    known = (session for session in called if session is not None)
    return [session for session in known if _is_silent(ecg, session, limit)]


def _is_silent(ecg: Connection, session: Session, seconds: float) -> bool:
    """Tell whether the last arrival is long ago; of what nothing came there is no last."""
    arrived = inbox.last_arrival(ecg, session, ANALYSED_LEAD)
    return arrived is not None and now_micros() - arrived > seconds * _MICROS


def _holds(state: ShardState, row: RowMapping) -> bool:
    if row["stream"] not in state.streams:
        return False
    onset = float(state.rows["onset"][state.streams.index(row["stream"])])
    apart = abs(onset * _MICROS - float(row["onset"]))  # NaN where there is none
    return apart <= _MILLISECOND


def _as_it_stands(state: ShardState, row: RowMapping) -> EpisodeEnded:
    """Return the end that the analysis would give now, without giving the stream up."""
    _, events = finish(state, [row["stream"]])
    ends = [event for event in events if isinstance(event, EpisodeEnded)]
    return ends[0] if ends else _last_seen(row)


def _last_seen(row: RowMapping) -> EpisodeEnded:
    return EpisodeEnded(
        stream=row["stream"],
        onset=row["onset"] / _MICROS,
        end=row["last_seen_at"] / _MICROS,
        mean_rate=row["mean_rate"],
        max_rate=row["max_rate"],
        coverage=row["coverage"],
    )
