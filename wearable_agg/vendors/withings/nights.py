"""Withings' nights: summaries, and stages with their samples."""

from __future__ import annotations

from collections.abc import Iterator

from wearable_agg.measurements.model import SleepStage
from wearable_agg.vendors.answers import Part
from wearable_agg.vendors.findings import Found
from wearable_agg.vendors.withings.quantities import DETAIL, NIGHT_FIELDS, STATES
from wearable_agg.vendors.withings.rows import SOURCE, device_of, found, identifier
from wearable_agg.vendors.withings.values import moment, own_zone, span_between


def summaries(body: Part) -> Iterator[Found]:
    """Read nights; a stage that is absent or null is unknown, not zero. Seconds become minutes.

    A night belongs to the local day on which it ends. An incomplete one comes again.
    """
    for night in body.member("series").items():
        completed = night.find("completed")
        if completed is not None and not completed.flag():
            continue
        span = span_between(night.member("startdate"), night.member("enddate"), own_zone(night))
        data = night.member("data")
        told = data.find("total_sleep_time") is not None
        for field, one in NIGHT_FIELDS.items():
            number = data.find(field)
            if number is None or number.value == one.unmeasured:
                continue
            if not (told and field == "asleepduration"):
                device, vendor_id = device_of(night), identifier(night, "id")
                yield found(one, number, span, device, "passive", vendor_id)


def detail(body: Part) -> Iterator[Found]:
    """Read the stretches of a night and the samples within them."""
    for row in body.member("series").items():
        span = span_between(row.member("startdate"), row.member("enddate"))
        state = row.member("state")
        number = state.integer()
        stage = SleepStage(
            stage=STATES.get(number, f"state {number}"),
            start=span.start,
            end=span.end,
            offset_seconds=None,
            source=SOURCE,
            device=device_of(row),
            vendor_id="",
        )
        yield Found(state.path, stage)
        yield from _samples(row)


def _samples(row: Part) -> Iterator[Found]:
    for field, one in DETAIL.items():
        samples = row.find(field)
        if samples is None or samples.value == []:
            continue
        for key, number in samples.members():
            span = moment(Part(key, f"{number.path} (key)"))
            if number.value is not None:
                yield found(one, number, span, device_of(row), "passive")
