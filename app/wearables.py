"""The aggregation backend's answers as what the page shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from clinical.verdicts import RhythmEvent, Signal, meaning_of
from dashboards import services as page
from wearable_agg.client import care, model

_ATTENTION = {
    "shared-account": (
        "A {name} account is claimed by two patients: the second was refused. Find out whose it is."
    ),
    "replaced-record": (
        "The EHR says that this record was merged into {subject}. Nothing is shown together, or "
        "written here, until whoever runs Wristchart merges them."
    ),
    "replacing-record": (
        "The EHR says that record {subject} was merged into this one. Its wearable data are not "
        "shown here until whoever runs Wristchart merges them."
    ),
}
"""By kind of work item, what the care team is told."""

Given = TypeVar("Given")
Shown = TypeVar("Shown")


def days(read: Iterable[model.Day]) -> tuple[page.Day, ...]:
    """Daily values, day by day."""
    return tuple(
        page.Day(
            date=day.date,
            heart_rate=_maybe(_heart_rate, day.heart_rate),
            resting_heart_rate=day.resting_heart_rate,
            hrv=_maybe(_hrv, day.hrv),
            oxygen_saturation=day.oxygen_saturation,
            sleep=_maybe(_sleep, day.sleep),
            steps=day.steps,
            sources=day.sources,
        )
        for day in read
    )


def linked(read: model.PatientLinks) -> tuple[page.LinkedVendor, ...]:
    """The linked accounts."""
    return tuple(
        page.LinkedVendor(
            one.vendor,
            one.name,
            one.device,
            one.status,
            one.last_sync,
            one.health.reason,
            one.health.remarks,
            one.fetched_back_to,
            one.never_tells,
        )
        for one in read.linked
    )


def invitation(read: care.Invitation) -> page.Invitation:
    """What the clinician hands to the patient."""
    return page.Invitation(read.url, read.expires_at, read.qr, read.code)


def attention(read: Iterable[care.WorkItem]) -> tuple[str, ...]:
    """What only the care team can settle, a sentence each."""
    return tuple(
        _ATTENTION[one.kind].format(name=one.name, subject=one.subject)
        for one in read
        if one.kind in _ATTENTION
    )


def rhythm(read: model.Rhythm) -> page.RhythmRead:
    """Episodes, and how much was looked at."""
    return page.RhythmRead(
        episodes=tuple(_episode(episode) for episode in read.episodes),
        analysed=_analysed(read),
        before=_analysed(read.before),
        events=tuple(map(_event, read.events)),
        events_left_out=read.events_left_out,
    )


def findings(read: Iterable[model.Finding]) -> page.FindingsRead:
    """Findings in the backend's order."""
    return page.FindingsRead(tuple(_finding(one) for one in read))


def strip(read: model.Strip) -> page.Strip:
    """The ECG behind a finding, in whole microvolt."""
    samples = [round(sample) for sample in read.samples]
    return page.Strip(read.start, read.rate, read.lead, read.lead_code, samples)


def beats(read: model.Beats) -> page.Beats:
    """The heart beats behind a finding."""
    return page.Beats(read.start, tuple(page.Beat(*one) for one in read.beats))


def _maybe(convert: Callable[[Given], Shown], value: Given | None) -> Shown | None:
    return None if value is None else convert(value)


def _analysed(read: model.Rhythm | model.Analysed) -> page.Analysed:
    return page.Analysed(read.recorded_seconds, read.analysed_seconds, read.af_seconds)


def _hrv(read: model.Hrv) -> page.Hrv:
    return page.Hrv(read.value, read.statistic)


def _decided(read: model.Decided) -> page.Decided:
    return page.Decided(read.decision, read.by, read.name, read.at, read.note)


def _heart_rate(read: model.HeartRate) -> page.HeartRate:
    return page.HeartRate(read.min, read.max, read.mean, read.n, read.coverage)


def _sleep(read: model.Sleep) -> page.Sleep:
    return page.Sleep(read.deep, read.light, read.rem, read.awake, read.asleep)


def _episode(read: model.Episode) -> page.Episode:
    return page.Episode(
        id=read.id,
        start=read.start,
        end=read.end,
        detected_at=read.detected_at,
        mean_rate=read.mean_rate,
        max_rate=read.max_rate,
        decider=read.decider,
        signal=read.signal,
    )


def _event(read: model.RhythmEvent) -> RhythmEvent:
    return RhythmEvent(
        meaning=meaning_of(read.meaning),
        start=read.start,
        end=read.end,
        signal=Signal(read.signal),
        decider=read.decider,
        version=read.version,
        said=read.said,
        device=read.device,
        probability=read.probability,
    )


def _finding(read: model.Finding) -> page.Finding:
    return page.Finding(
        id=read.id,
        kind=read.kind,
        state=read.state,
        onset=read.onset,
        end=read.end,
        detected_at=read.detected_at,
        duration_seconds=read.duration_seconds,
        mean_rate=read.mean_rate,
        max_rate=read.max_rate,
        coverage=read.coverage,
        decider=read.decider,
        decider_version=read.decider_version,
        signal=read.signal,
        device=read.device,
        probability=read.probability,
        evidence={reason.name: reason.value for reason in read.evidence},
        severity=read.severity,
        has_strip=read.has_strip,
        has_beats=read.has_beats,
        beats_alone=read.beats_alone,
        write=page.WriteState(
            read.write.state, read.write.at, read.write.reason, read.write.unknown
        ),
        decisions=tuple(map(_decided, read.decisions)),
        version=read.version,
    )
