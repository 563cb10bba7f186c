"""What a payload says, piece by piece, each with its place in the payload."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from wearable_agg.measurements.model import (
    BloodPressure,
    EcgRecording,
    EcgSignal,
    Measurement,
    Record,
    RhythmNotification,
    RhythmVerdict,
    SleepStage,
    VendorFeature,
    Withdrawn,
    Workout,
)
from wearable_agg.measurements.types import doubt, doubtful_time
from wearable_agg.vendors.protocol import Notification


@dataclass(frozen=True, slots=True)
class TokensSeen:
    """A token answer, without its secrets."""

    vendor_user_id: str
    expires_in_seconds: int
    scopes: tuple[str, ...]
    refreshable: bool


@dataclass(frozen=True, slots=True)
class Notice:
    """A notification; `kinds` are the vendor's own names, whether we read them or not.

    `said` holds its plain fields as they were written.
    """

    notification: Notification
    said: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Verification:
    """The vendor checks that an address is ours; it says nothing of a person."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The vendor's error: its code, its words, and what the caller can do about it."""

    code: str
    reason: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class About:
    """Facts that are no measurement: `topic` is identity, profile, settings, device and so on."""

    topic: str
    facts: Mapping[str, str | float | bool | None]


@dataclass(frozen=True, slots=True)
class Quarantined:
    """Something that is set apart: `record` is what was read, None where it could not be."""

    reason: str
    record: Record | None = None


Item = Record | EcgSignal | TokensSeen | Notice | Verification | Refusal | About | Quarantined


@dataclass(frozen=True, slots=True)
class Found:
    """An item and where in the payload it stands."""

    path: str
    item: Item


def with_doubts(found: Iterable[Found], now: datetime) -> Iterator[Found]:
    """Set apart what cannot be true; `now` is aware UTC."""
    for one in found:
        reason = "" if isinstance(one.item, Quarantined) else reason_to_doubt(one.item, now)
        if reason and not isinstance(one.item, _TIMELESS):
            yield Found(one.path, Quarantined(reason, one.item))
        else:
            yield one


def reason_to_doubt(item: Item, now: datetime) -> str:
    """Say why an item is to be set apart, empty where there is no reason."""
    if isinstance(item, Measurement):
        return doubt(item, now)
    if isinstance(item, BloodPressure):
        if item.diastolic >= item.systolic:
            return "the diastolic pressure is not below the systolic"
        return next((why for one in item.measurements() if (why := doubt(one, now))), "")
    if isinstance(item, _TIMELESS):
        return ""
    return doubtful_time(item.start, item.end, now)


_ABOUT_RHYTHM = (EcgRecording, RhythmNotification, RhythmVerdict)

NO_RECORD = (EcgSignal, TokensSeen, Notice, Verification, Refusal, About, Quarantined)
"""Items that are no record of a person's body."""

_TIMELESS = (*NO_RECORD, Withdrawn, VendorFeature)


def records_of(found: Iterable[Found]) -> list[Record]:
    """Return a payload's values one by one, its ECGs, its notices and verdicts about the rhythm."""
    kept: list[Record] = []
    for one in found:
        if isinstance(one.item, _ABOUT_RHYTHM):
            kept.append(one.item)
        else:
            kept.extend(measurements_of((one,)))
    return kept


def measurements_of(found: Iterable[Found]) -> list[Measurement]:
    """Return the values of a payload one by one, as the store keeps them."""
    values: list[Measurement] = []
    for one in found:
        if isinstance(one.item, Measurement):
            values.append(one.item)
        elif isinstance(one.item, BloodPressure | SleepStage | Workout):
            values.extend(one.item.measurements())
    return values
