"""What the numbers say in words, beside the findings: facts to look at, none an alarm."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from clinical.measures import NotEnoughData, Threshold
from clinical.response import Response, rate_responses
from dashboards import words
from dashboards.reading import Look
from dashboards.series import is_empty
from dashboards.services import LinkedVendor

_SHORTEST_GAP = 2  # days; a single day off the wrist is drawn, not said


@dataclass(frozen=True, slots=True)
class Fact:
    """A severity word, a sentence, and what it rests on."""

    level: str
    title: str
    why: str


def facts(seen: Look, now: datetime) -> list[Fact]:
    """Responses to dose changes, then accounts that are silent or mute, then the latest gap."""
    found = [
        _response(response) for response in rate_responses(seen.lanes, seen.resting, seen.today)
    ]
    silent = [_silence(account, now) for account in seen.linked]
    remarks = [fact for account in seen.linked for fact in _remarks(account)]
    return [fact for fact in (*found, *silent, *remarks, _gap(seen)) if fact]


def _response(response: Response) -> Fact | None:
    difference = response.difference
    before, after = response.before, response.after
    if difference is None or isinstance(before, NotEnoughData) or isinstance(after, NotEnoughData):
        return None
    if abs(difference) < Threshold.named("response_shown_from").value:
        return None
    change = response.to
    slower = "lower" if difference < 0 else "higher"
    drug = change.drug.split()[0].lower()
    days = f"{after.covered.days} and {before.covered.days} days with data"
    medians = f"Median {after.value:.0f} vs {before.value:.0f} bpm"
    earlier = f"in the {before.window.days} days before {change.on.day} {change.on:%b}"
    return Fact(
        "Review",
        f"Resting heart rate {abs(difference):.0f} bpm {slower} since {drug} {change.label}",
        f"{medians} {earlier} · {days} · says nothing about the cause",
    )


def _silence(account: LinkedVendor, now: datetime) -> Fact | None:
    name = account.called
    if account.status != "active":
        return Fact(
            "Info",
            f"{name} sends no data: {account.unwell or f'link {account.status}'}",
            "The patient must link it again.",
        )
    if account.unwell:
        return Fact("Info", f"{name}: {account.unwell}", "Newer days may be missing.")
    limit = timedelta(hours=Threshold.named("stale_sync_after").value)
    if account.last_sync is None or now - account.last_sync <= limit:
        return None
    return Fact(
        "Info",
        f"{name} last synchronised {words.ago(account.last_sync, now)}",
        "Newer days may be missing.",
    )


def _remarks(account: LinkedVendor) -> list[Fact]:
    name = account.called
    return [
        Fact("Info", f"{name}: {remark}", "The patient can change it in the vendor's app.")
        for remark in account.remarks
    ]


def _gap(seen: Look) -> Fact | None:
    if is_empty(seen.now):
        return None
    long = [gap for gap in seen.gaps if gap.days >= _SHORTEST_GAP]
    if not long:
        return None
    latest = long[-1]
    earlier = f" · {len(long) - 1} earlier in this range" if len(long) > 1 else ""
    when = words.days_between(latest.first, latest.last)
    return Fact(
        "Info", f"No data {when} ({latest.days} days)", f"Not worn or not synchronised{earlier}"
    )
