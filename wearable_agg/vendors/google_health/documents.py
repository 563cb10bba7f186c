"""Telling what a document of Google's is from what stands in it, and reading it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from wearable_agg.vendors.answers import Part, read, scalars, text_of
from wearable_agg.vendors.errors import LinkBroken, RequestRefused, Unusable
from wearable_agg.vendors.findings import About, Found, Notice, Refusal, TokensSeen, Verification
from wearable_agg.vendors.google_health.answers import meaning, reason_of
from wearable_agg.vendors.google_health.notifications import notification
from wearable_agg.vendors.google_health.parse import LISTS, ROLLED_UP, data_point, page
from wearable_agg.vendors.remedies import remedy

_ABOUT = {
    "/identity": "identity",
    "/profile": "profile",
    "/settings": "settings",
    "/irnProfile": "rhythm_notification_profile",
}


def documents(raw: bytes, zone: ZoneInfo) -> Iterator[Found]:
    """Read anything that Google Health sends; raises Malformed and Unusable."""
    answer = read(raw)
    if isinstance(answer.value, list):
        for entry in answer.items():
            yield _notice(entry)
        return
    for name, reader in _READERS.items():
        if answer.find(name) is not None:
            yield from reader(answer)
            return
    if answer.value == {} or any(answer.find(name) for name in (*LISTS, ROLLED_UP)):
        yield from page(answer, zone)
    else:
        yield from _named(answer, zone)


def _named(answer: Part, zone: ZoneInfo) -> Iterator[Found]:
    name = text_of(answer.find("name"))
    if "/dataPoints/" in name:
        yield from data_point(answer, zone)
        return
    for ending, topic in _ABOUT.items():
        if name.endswith(ending):
            yield Found(answer.path, About(topic, scalars(answer)))
            return
    if "/pairedDevices/" not in name:
        raise Unusable(answer.path, "nothing that Google Health sends")
    yield Found(answer.path, About("device", scalars(answer)))


def _verification(answer: Part) -> Iterator[Found]:
    if answer.member("type").text() != "verification":
        raise Unusable("$.type", "not a verification")
    yield Found(answer.path, Verification())


def _notices(answer: Part) -> Iterator[Found]:
    yield _notice(answer)


def _notice(entry: Part) -> Found:
    data = entry.member("data")
    return Found(data.path, Notice(notification(data), _said(data)))


def _said(data: Part) -> dict[str, str]:
    """Return the plain fields, with the civil times as the person's clock showed them."""
    civil = data.find("civilIso8601TimeInterval")
    written = {**scalars(data), **(scalars(civil) if civil else {})}
    return {name: str(value) for name, value in written.items() if value is not None}


def _error(answer: Part) -> Iterator[Found]:
    error = answer.member("error")
    if isinstance(error.value, str):  # a token endpoint's
        broken = LinkBroken() if error.value == "invalid_grant" else RequestRefused()
        said = text_of(answer.find("error_description"))
        yield Found(error.path, Refusal(error.value, error.value, said, remedy(broken)))
        return
    code, reason = error.member("code").integer(), reason_of(error)
    yield Found(
        error.path,
        Refusal(
            code=text_of(error.find("status")) or str(code),
            reason=reason,
            message=text_of(error.find("message")),
            remedy=remedy(meaning(code, reason)),
        ),
    )


def _tokens(answer: Part) -> Iterator[Found]:
    seen = TokensSeen(
        vendor_user_id="",
        expires_in_seconds=answer.member("expires_in").integer(),
        scopes=tuple(text_of(answer.find("scope")).split()),
        refreshable=answer.find("refresh_token") is not None,
    )
    yield Found(answer.path, seen)


def _devices(answer: Part) -> Iterator[Found]:
    for one in answer.member("pairedDevices").items():
        yield Found(one.path, About("device", scalars(one)))


_READERS: dict[str, Callable[[Part], Iterator[Found]]] = {
    "error": _error,
    "type": _verification,
    "data": _notices,
    "access_token": _tokens,
    "pairedDevices": _devices,
}
