"""Telling what a document of Withings' is from what stands in it, and reading it."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from wearable_agg.vendors.answers import Part, read, scalars, text_of
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import About, Found, Notice, Refusal, TokensSeen
from wearable_agg.vendors.remedies import remedy
from wearable_agg.vendors.withings import days, heart, measures, nights
from wearable_agg.vendors.withings.envelope import refusal
from wearable_agg.vendors.withings.notifications import form_of, notification
from wearable_agg.vendors.withings.rows import identifier


def documents(raw: bytes, zone: ZoneInfo) -> Iterator[Found]:
    """Read anything that Withings sends; raises Malformed and Unusable.

    A notification is a form, everything else an answer in Withings' envelope; a bare list of
    measure groups is read too.
    """
    text = raw.strip()
    if text[:1] not in (b"{", b"["):
        yield Found("$", Notice(notification(text), form_of(text)))
        return
    answer = read(raw)
    if isinstance(answer.value, list):
        yield from measures.groups(answer)
        return
    status = answer.member("status").integer()
    if status != 0:
        yield _refusal(answer, status)
    else:
        yield from _body(answer.member("body"), zone)


def _refusal(answer: Part, status: int) -> Found:
    message = text_of(answer.find("error"))
    error = refusal(status, message)
    return Found("$", Refusal(str(status), type(error).__name__, message, remedy(error)))


def _body(body: Part, zone: ZoneInfo) -> Iterator[Found]:
    if body.value in ({}, []):
        yield Found(body.path, About("acknowledgement", {"status": 0}))
    elif body.find("access_token"):
        yield _tokens(body)
    elif body.find("measuregrps"):
        yield from measures.measures(body)
    elif body.find("activities"):
        yield from days.activity(body, zone)
    elif body.find("signal"):
        yield from heart.signal(body)
    elif listed := body.find("devices") or body.find("profiles"):
        topic = "device" if body.find("devices") else "subscription"
        for one in listed.items():
            yield Found(one.path, About(topic, scalars(one)))
    elif body.find("series"):
        yield from _series(body)
    else:
        raise Unusable(body.path, "nothing that Withings sends")


def _series(body: Part) -> Iterator[Found]:
    """Tell four services apart, which all call their rows series."""
    rows = body.member("series").value
    if not isinstance(rows, list) or not rows:
        yield from days.intraday(body)
        return
    first = Part(rows[0], f"{body.path}.series[0]")
    if first.find("timestamp"):
        yield from heart.recordings(body)
    elif first.find("state"):
        yield from nights.detail(body)
    elif first.find("category"):
        yield from days.workouts(body)
    else:
        yield from nights.summaries(body)


def _tokens(body: Part) -> Found:
    seen = TokensSeen(
        vendor_user_id=identifier(body, "userid"),
        expires_in_seconds=body.member("expires_in").integer(),
        scopes=tuple(text_of(body.find("scope")).replace(",", " ").split()),
        refreshable=body.find("refresh_token") is not None,
    )
    return Found(body.path, seen)
