"""Google's sleep sessions: minutes per stage, and the stages one by one."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from wearable_agg.measurements.model import Measurement, SleepStage
from wearable_agg.vendors.answers import Part, text_of
from wearable_agg.vendors.google_health.source import SOURCE, Origin
from wearable_agg.vendors.google_health.times import instant, interval, utc_offset

STAGED = {"DEEP": "deep", "LIGHT": "light", "REM": "rem"}
_ASLEEP = frozenset({*STAGED, "ASLEEP", "RESTLESS"})
_NAMES = {**STAGED, "AWAKE": "awake", "ASLEEP": "asleep", "RESTLESS": "restless"}


def sleep(session: Part, origin: Origin, zone: ZoneInfo) -> Iterator[Measurement | SleepStage]:
    """Read a session. Its minutes span itself; it belongs to the local day on which it ends.

    One that is still in processing gives nothing: its boundaries may move.
    """
    times = session.member("interval")
    span, offset = interval(times), utc_offset(times.find("endUtcOffset"))
    if _is_in_work(session):
        return
    for stage, minutes in sleep_session(session).items():
        yield origin.measurement(f"sleep_{stage}", minutes, "min", span.start, span.end, offset)
    yield from _segments(session, "stages", origin)
    yield from _segments(session, "outOfBedSegments", origin, "out_of_bed")


def _segments(session: Part, member: str, origin: Origin, stage: str = "") -> Iterator[SleepStage]:
    """Yield stretches; a stage that Google adds later keeps its own name, in lower case."""
    listed = session.find(member)
    for part in listed.items() if listed else ():
        kind = stage or text_of(part.find("type"))
        span = interval(part)
        yield SleepStage(
            stage=_NAMES.get(kind, kind.lower()),
            start=span.start,
            end=span.end,
            offset_seconds=span.offset_seconds,
            source=SOURCE,
            device=origin.device,
            vendor_id=origin.vendor_id,
            session_id=origin.vendor_id,
        )


def sleep_session(session: Part) -> dict[str, float]:
    """Return minutes by stage ("deep", "light", "rem", "awake") and "asleep", their total.

    A stage that the session does not tell apart (type CLASSIC) is absent, not zero.
    """
    by_type = _summary(session) or _stages(session)
    minutes = {name: by_type[kind] for kind, name in STAGED.items() if kind in by_type}
    if "AWAKE" in by_type:
        minutes["awake"] = by_type["AWAKE"]
    asleep = _total_asleep(session, by_type)
    return minutes if asleep is None else {**minutes, "asleep": asleep}


def _is_in_work(session: Part) -> bool:
    metadata = session.find("metadata")
    processed = metadata.find("processed") if metadata else None
    return processed is not None and not processed.flag()


def _summary(session: Part) -> dict[str, float]:
    summary = session.find("summary")
    stages = summary.find("stagesSummary") if summary else None
    return {
        one.member("type").text(): float(one.member("minutes").number())
        for one in (stages.items() if stages else ())
    }


def _stages(session: Part) -> dict[str, float]:
    """Add the stages up where the session has no summary."""
    minutes: dict[str, float] = {}
    stages = session.find("stages")
    for stage in stages.items() if stages else ():
        kind = text_of(stage.find("type"))
        length = instant(stage.member("endTime")) - instant(stage.member("startTime"))
        minutes[kind] = minutes.get(kind, 0.0) + length.total_seconds() / 60
    return minutes


def _total_asleep(session: Part, by_type: dict[str, float]) -> float | None:
    summary = session.find("summary")
    stated = summary.find("minutesAsleep") if summary else None
    if stated is not None:
        return float(stated.number())
    known = [minutes for kind, minutes in by_type.items() if kind in _ASLEEP]
    return sum(known) if known else None
