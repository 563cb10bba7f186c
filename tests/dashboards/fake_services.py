"""A made-up patient behind the page's own protocol; everything is fixed, nothing is random."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from threading import Lock
from typing import Any

import numpy as np

from clinical.chart import Allergy, Background, Problem, Visit
from clinical.findings import Decision, FindingState, after
from clinical.medications import Order, Source, lanes
from clinical.verdicts import Meaning, RhythmEvent, Signal
from dashboards.services import (
    Analysed,
    Banner,
    Beat,
    Beats,
    Day,
    Decided,
    Episode,
    Finding,
    FindingsRead,
    HeartRate,
    Hrv,
    Invitation,
    LaunchExpired,
    LinkedVendor,
    MedicationRead,
    Missing,
    Outcome,
    RhythmRead,
    Sleep,
    Strip,
    WearableRead,
    WriteState,
)

TODAY = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
CONTEXT = "example-context-of-a-launch"
PATH = f"/c/{CONTEXT}/"
_NOT_WORN = {30, 31, 32}
_RECORDED_DAYS = 365


_NUMBERS = {
    "mode_share": 0.12,
    "cosen": -0.93,
    "other_share": 0.02,
    "atrial_consistency": 0.21,
    "likeness": 0.97,
    "entropy": 0.7312,
}


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def orders() -> list[Order]:
    """Five drugs: one with three doses, one stopped, one that only the patient reports."""

    def drug(name: str, amount: float, start: int, end: int | None = None, **more: object) -> Order:
        facts: dict[str, object] = {"intent": "order", "unit": "mg", "per_day": 1.0, **more}
        return Order(
            id=f"MedicationRequest/{name}-{start}",
            name=name,
            status="active" if end is None else "completed",
            amount=amount,
            start=TODAY - timedelta(days=start),
            end=None if end is None else TODAY - timedelta(days=end),
            **facts,  # type: ignore[arg-type]
        )

    return [
        drug("Apixaban", 5, 52, per_day=2.0),
        drug("Metoprolol succinate", 25, 70, 42),
        drug("Metoprolol succinate", 50, 41, 15),
        drug("Metoprolol succinate", 100, 14),
        drug("Lisinopril", 10, 300),
        drug("Diltiazem ER", 120, 84, 71, reason_stopped="ankle swelling"),
        drug("Sertraline", 50, 28, source=Source.REPORTED),
    ]


def _day(days_ago: int) -> Day:
    day = TODAY - timedelta(days=days_ago)
    if days_ago in _NOT_WORN or days_ago >= _RECORDED_DAYS:
        return Day(day)
    noise = np.random.default_rng(days_ago).normal(0, 1, 12)
    resting = round(
        float(np.interp(days_ago, [0, 12, 16, 38, 44, 66, 72], [51, 51, 58, 58, 63, 63, 68]))
    )
    highest = 118 + 24 * abs(float(noise[0])) + (12 if days_ago % 7 in (1, 4) else 0)
    coverage = 0.42 if days_ago == 9 else 0.9 + 0.02 * float(np.tanh(noise[1]))
    if days_ago == 0:
        coverage = 0.5
    return Day(
        date=day,
        heart_rate=HeartRate(resting - 6.0, min(highest, 183), resting + 14.0, 1300, coverage),
        resting_heart_rate=resting + round(float(noise[2]) * 0.7),
        hrv=Hrv(round(36 + 5 * float(np.sin(days_ago / 20)) + 3.5 * float(noise[3])), "RMSSD"),
        oxygen_saturation=round(min(99.0, 96.2 + 0.6 * float(noise[4])), 1),
        sleep=Sleep(
            deep=max(0.3, 0.95 + 0.2 * float(noise[5])),
            light=max(1.5, 3.9 + 0.6 * float(noise[6])),
            rem=max(0.3, 1.4 + 0.3 * float(noise[7])),
            awake=max(0.1, 0.6 + 0.2 * float(noise[8])),
            asleep=None,
        ),
        steps=round((5600 + 1700 * float(noise[9])) * (0.72 if day.weekday() > 4 else 1.0))
        // 10
        * 10,
        sources=("google_health",),
    )


def _episodes() -> list[Episode]:
    spells = [(86, 190), (84, 75), (82, 240), (74, 50), (72, 110), (67, 200), (64, 95), (60, 45)]
    spells += [(57, 130), (54, 28), (52, 75), (49, 60), (47, 180), (44, 22), (38, 40), (36, 55)]
    spells += [(27, 35), (25, 20), (19, 48), (11, 64)]
    older = [
        Episode(
            id=f"e{index}",
            start=ago(days + 0.3),
            end=ago(days + 0.3) + timedelta(minutes=minutes),
            detected_at=ago(days + 0.29),
            mean_rate=104.0,
            max_rate=131.0,
            decider="wristchart 0.1",
            signal="ECG",
        )
        for index, (days, minutes) in enumerate(spells)
    ]
    return [*older, _ongoing()]


def _analysed(low: datetime, high: datetime) -> Analysed:
    found = [one for one in _episodes() if low <= one.start < high]
    fibrillating = sum(((one.end or NOW) - one.start).total_seconds() for one in found)
    seconds = (high - low).total_seconds()
    return Analysed(0.96 * seconds, 0.93 * seconds, fibrillating)


def verdicts() -> tuple[RhythmEvent, ...]:
    """What devices' makers and our own rule made of recordings, the latest first."""

    def told(days: float, meaning: Meaning, decider: str, said: str, **more: Any) -> RhythmEvent:
        facts = {"signal": Signal.ECG, "version": "", "device": "Apple Watch", **more}
        end = ago(days) + timedelta(seconds=30)
        return RhythmEvent(meaning, ago(days), end, decider=decider, said=said, **facts)

    own = {"decider": "wristchart-spot", "version": "2-1f0c9a3e"}
    return (
        told(2.4, Meaning.ATRIAL_FIBRILLATION, said="A", **own),
        told(2.4, Meaning.INCONCLUSIVE_HIGH_RATE, "apple", "Inconclusive High Heart Rate"),
        told(9.1, Meaning.IRREGULAR, "google_health", "irregular", signal=Signal.PPG),
        told(16.2, Meaning.SINUS_RHYTHM, said="N", **own),
        told(16.2, Meaning.AFIB_NEGATIVE, "withings", "0", device="ScanWatch"),
        told(31.5, Meaning.ATRIAL_FIBRILLATION, "apple", "Atrial Fibrillation"),
    )


def _ongoing() -> Episode:
    return Episode(
        "now", NOW - timedelta(minutes=24), None, NOW, 104.0, 142.0, "wristchart 0.1", "ECG"
    )


def _finding(identity: str, onset: datetime, minutes: float, **facts: object) -> Finding:
    base = Finding(
        id=identity,
        kind="atrial-fibrillation",
        state=FindingState.OPEN,
        onset=onset,
        end=None,
        detected_at=onset + timedelta(minutes=5),
        duration_seconds=minutes * 60,
        mean_rate=104.0,
        max_rate=142.0,
        coverage=0.97,
        decider="wristchart",
        decider_version="0.1",
        signal="ECG",
        device="Heart patch 2",
        severity="High",
        has_strip=True,
        write=WriteState("saved", onset + timedelta(minutes=5, seconds=2), ""),
        decisions=(),
        version=1,
    )
    return replace(base, **facts)  # type: ignore[arg-type]


def decided(decision: Decision, at: datetime, note: str = "") -> Decided:
    return Decided(decision, "Practitioner/ingrid-lind", "Dr Ingrid Lind", at, note)


def beats(onset: datetime) -> Beats:
    """A minute of steady rhythm, a loss, then irregular beats, one of them ectopic."""
    rng = np.random.default_rng(6)
    steady = [Beat(850 * n, 850 if n else None, False) for n in range(70)]
    wild = np.cumsum(np.clip(rng.normal(560, 130, 150), 320, 1100)).astype(int) + 60_500
    spans = [None, *np.diff(wild).tolist()]
    both = zip(wild.tolist(), spans, strict=True)
    irregular = [Beat(at, span, n == 9) for n, (at, span) in enumerate(both)]
    return Beats(onset - timedelta(minutes=1), (*steady, *irregular))


def strip(start: datetime, rate: int = 250, seconds: int = 30) -> Strip:
    """Irregular beats without P waves on a fibrillatory baseline."""
    rng = np.random.default_rng(5)
    time = np.arange(0, seconds, 1 / rate)
    volts = 0.035 * np.sin(2 * np.pi * 6.1 * time + 0.8 * np.sin(2 * np.pi * 0.7 * time))
    volts += 0.02 * np.sin(2 * np.pi * 0.22 * time) + rng.normal(0, 0.008, time.size)
    beat = 0.3
    while beat < seconds - 0.4:
        for offset, height, width in (
            (-0.026, -0.10, 0.009),
            (0.0, 1.05, 0.0105),
            (0.027, -0.22, 0.010),
            (0.25, 0.24, 0.042),
        ):
            volts += height * np.exp(-((time - beat - offset) ** 2) / (2 * width**2))
        beat += float(np.clip(rng.normal(0.58, 0.13), 0.36, 1.05))
    return Strip(start, float(rate), "I", "131329", [int(v) for v in np.round(volts * 1000)])


_BACKGROUND = Background(
    problems=(Problem("Condition/1", "Essential hypertension", onset=date(2019, 5, 2)),),
    allergies=(Allergy("AllergyIntolerance/1", "Penicillin", reactions=("Rash",)),),
    visits=(Visit("Encounter/1", "Cardiology visit", "finished", "AMB", ago(30)),),
    complete=frozenset({"Condition", "AllergyIntolerance", "Encounter"}),
)


@dataclass
class FakeServices:
    """Services over made-up data. Any part may be made Missing, or the launch ended."""

    missing: set[str] = field(default_factory=set)
    gaps: tuple[str, ...] = ()
    banner_required: bool = True
    linked: bool = True
    fetched_back_to: datetime | None = None
    never_tells: tuple[str, ...] = ()
    operator: bool = False
    ended: bool = False
    outcome: Outcome | None = None
    drugs: list[Order] = field(default_factory=orders)
    calls: list[str] = field(default_factory=list)
    kept: dict[str, Finding] = field(default_factory=dict)
    lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        seen = decided(Decision.ACKNOWLEDGED, ago(10.9), "Called her")
        self.kept = {
            "now": _finding(
                "now", NOW - timedelta(minutes=24), 24, probability=0.934, evidence=_NUMBERS
            ),
            "old": _finding(
                "old",
                ago(11.3),
                64,
                end=ago(11.3) + timedelta(minutes=64),
                state=FindingState.ACKNOWLEDGED,
                decisions=(seen,),
            ),
        }

    def open(self, pathname: str) -> str:
        if self.ended or pathname != PATH:
            raise LaunchExpired
        return CONTEXT

    def today(self, context: str) -> date:
        return TODAY

    def timezone(self, context: str) -> str:
        return "Europe/Oslo"

    def banner(self, context: str) -> Banner | Missing:
        born = date(1958, 3, 14)
        return Banner("Marit Solheim", "F", born, "004417", self.banner_required)

    def medications(self, context: str) -> MedicationRead | Missing:
        return self._part("Medications") or MedicationRead(
            tuple(lanes(self.drugs, TODAY)), self.gaps
        )

    def background(self, context: str) -> Background | Missing:
        return self._part("Background") or _BACKGROUND

    def wearables(self, context: str, first: date, last: date) -> WearableRead | Missing:
        return self._part("Wearable data") or self._wearables(first, last)

    def _wearables(self, first: date, last: date) -> WearableRead:
        length = (last - first).days
        if not self.linked:
            empty = tuple(Day(first + timedelta(days=n)) for n in range(length))
            return WearableRead("Europe/Oslo", empty, ())
        days = tuple(_day((TODAY - first).days - number) for number in range(length))
        days = tuple(replace(day, **dict.fromkeys(self.never_tells)) for day in days)  # type: ignore[arg-type]
        watch = LinkedVendor(
            "google_health",
            "Google Health",
            "Pixel Watch 3",
            "active",
            ago(0.085),
            fetched_back_to=self.fetched_back_to,
            never_tells=self.never_tells,
        )
        if self.fetched_back_to:
            known = self.fetched_back_to.date()
            days = tuple(day if day.date >= known else Day(day.date) for day in days)
        return WearableRead("Europe/Oslo", days, (watch,))

    def rhythm(self, context: str, first: date, last: date) -> RhythmRead | Missing:
        missing = self._part("Rhythm")
        if missing:
            return missing
        low = datetime.combine(first, datetime.min.time(), UTC)
        high = datetime.combine(last, datetime.min.time(), UTC)
        found = tuple(e for e in _episodes() if low <= e.start < high)
        seen = tuple(one for one in verdicts() if low <= one.start < high)
        now, before = _analysed(low, high), _analysed(low - (high - low), low)
        return RhythmRead(found, now, before, seen)

    def findings(self, context: str) -> FindingsRead | Missing:
        with self.lock:
            newest_first = sorted(self.kept.values(), key=lambda f: f.onset, reverse=True)
        return self._part("Findings") or FindingsRead(tuple(newest_first))

    def strip(self, context: str, finding_id: str) -> Strip | Missing | None:
        return self._part("ECG") or strip(self.kept[finding_id].onset + timedelta(minutes=2))

    def beats(self, context: str, finding_id: str) -> Beats | Missing | None:
        return self._part("Heart beats") or beats(self.kept[finding_id].onset)

    def decide(
        self, context: str, finding_id: str, decision: Decision, version: int, note: str
    ) -> Outcome:
        self.calls.append(f"{decision} {finding_id} v{version} {note}".strip())
        if self.outcome:
            return self.outcome
        with self.lock:
            old = self.kept[finding_id]
            self.kept[finding_id] = replace(
                old,
                state=after(old.state, decision),
                decisions=(*old.decisions, decided(decision, NOW, note)),
                write=WriteState("pending", None, ""),
                version=old.version + 1,
            )
        return Outcome.RECORDED

    def operates(self, context: str) -> bool:
        return self.operator

    def invite(self, context: str) -> Invitation | Missing:
        url = "http://127.0.0.1:8411/link/example-token"
        picture = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"/>'
        return Invitation(url, NOW + timedelta(minutes=30), picture, "012345")

    def _part(self, name: str) -> Missing | None:
        self.calls.append(name)
        return Missing(name, "no answer from the service") if name in self.missing else None
