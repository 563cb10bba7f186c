"""The FHIR R4 resources that delivery writes. Pure: facts in, JSON-ready dictionaries out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from clinical.explaining import measures, probability_text
from clinical.rules import stated
from clinical.verdicts import basis
from config.clinical import load
from wearable_agg.delivery import tachograms
from wearable_agg.delivery.chart import Identifier, Resource
from wearable_agg.delivery.detection import Tachogram
from wearable_agg.ecg import sampled_components

_SOFTWARE = "Wristchart rhythm analysis"


@dataclass(frozen=True, slots=True)
class FindingFacts:
    """What is known of a finding when it is written; rates are ventricular, per minute.

    `probability` (0 to 1) and `evidence`, by the names of config/clinical/explaining.toml, are
    those of the decision by which it was found. `beats_alone` says that there is no ECG and was
    none. `unknown` names the facts about the patient that were not known when the rules were asked.
    """

    kind: str
    onset: datetime
    last_seen: datetime
    mean_rate: float
    decider: str
    decider_version: str
    signal: str
    device: str
    probability: float | None = None
    evidence: Mapping[str, float] = field(default_factory=dict)
    beats_alone: bool = False
    unknown: Sequence[str] = ()

    @property
    def basis(self) -> str:
        """What it rests on, for people."""
        return basis(self.signal, beats_alone=self.beats_alone)


@dataclass(frozen=True, slots=True)
class StripFacts:
    """The ECG to show as evidence: counts, `rate` in Hz."""

    start: datetime
    rate: float
    lead: str
    lead_code: str
    microvolts_per_count: float
    counts: Sequence[int]

    @property
    def end(self) -> datetime:
        """The instant after the last sample."""
        return self.start + timedelta(seconds=len(self.counts) / self.rate)


@dataclass(frozen=True, slots=True)
class DayTotal:
    """One local day's total."""

    type: str
    day: date
    value: float
    zone: ZoneInfo


def software(facts: FindingFacts) -> Resource:
    """Describe the deciding software as a Device: one for each version of the rule."""
    identifier = software_identifier(facts)
    return {
        "resourceType": "Device",
        "identifier": [_identifier(identifier)],
        "status": "active",
        "manufacturer": "Wristchart",
        "deviceName": [{"name": _SOFTWARE, "type": "user-friendly-name"}],
        "version": [{"value": f"{facts.decider} {facts.decider_version}"}],
        "note": [{"text": load("findings")["evidence"]["caution"]}],
    }


def software_identifier(facts: FindingFacts) -> Identifier:
    """Name the deciding software."""
    system = load("findings")["identifiers"]["device"]
    return Identifier(system, f"wristchart/{facts.decider}/{facts.decider_version}")


def evidence(
    facts: FindingFacts,
    strip: StripFacts | None,
    patient: str,
    identifier: Identifier,
    tachogram: Tachogram | None = None,
) -> Resource:
    """Show why: the ECG strip as SampledData, the ventricular rate, and what was made of it.

    Where there are beats alone the intervals between them stand in place of the strip.
    """
    codes = codes_of_evidence(facts)
    shown = [] if strip is None else _waveform(strip)
    if strip is None and tachogram is not None:
        shown = list(_intervals(facts, tachogram))
    return {
        "resourceType": "Observation",
        "identifier": [_identifier(identifier)],
        "status": "final",
        "category": [_category(codes["category"])],
        "code": {"coding": list(codes["code"])},
        "subject": {"reference": f"Patient/{patient}"},
        "effectivePeriod": _shown_period(facts, strip, tachogram),
        "device": {"display": facts.device},
        "note": [{"text": text} for text in cautions(facts)],
        "component": [*shown, _rate(facts), _impression(facts), *_reasons(facts)],
    }


def impression(facts: FindingFacts) -> dict[str, str]:
    """Return the code and the words for what was found."""
    kinds = load("findings")["flag_of_beats" if facts.beats_alone else "flag"]
    return dict(kinds[facts.kind])


def codes_of_evidence(facts: FindingFacts) -> dict[str, Any]:
    """Return the codes and the caution of the evidence."""
    return dict(load("findings")["evidence_of_beats" if facts.beats_alone else "evidence"])


def cautions(facts: FindingFacts) -> list[str]:
    """Say that it is no diagnosis, and what was not known of the patient when it was sent."""
    texts = (codes_of_evidence(facts)["caution"], stated(facts.unknown))
    return [text for text in texts if text]


def flag(
    facts: FindingFacts, patient: str, identifier: Identifier, author: str, detail: str
) -> Resource:
    """Raise the finding in the chart; `author` and `detail` refer to the Device and Observation."""
    facts_of = load("findings")
    code = impression(facts)
    coding = {name: code[name] for name in ("system", "code", "display")}
    category = {"system": facts_of["systems"]["flag_category"], "code": "clinical"}
    return {
        "resourceType": "Flag",
        "extension": [
            {
                "url": facts_of["extensions"]["flag_detail"],
                "valueReference": {"reference": detail},
            }
        ],
        "identifier": [_identifier(identifier)],
        "status": "active",
        "category": [{"coding": [category], "text": "Clinical"}],
        "code": {"coding": [coding], "text": code["text"]},
        "subject": {"reference": f"Patient/{patient}"},
        "period": {"start": instant(facts.onset)},
        "author": {"reference": author, "display": _SOFTWARE},
    }


def origin(
    facts: FindingFacts, targets: Sequence[str], author: str, recorded: datetime
) -> Resource:
    """Say where Flag and evidence come from (Provenance): our software, out of whose recording."""
    systems = load("findings")["systems"]
    source = {"display": f"{facts.basis} recording of {facts.device}"}
    operation = {"system": systems["data_operation"], "code": "CREATE", "display": "create"}
    return {
        "resourceType": "Provenance",
        "target": [{"reference": target} for target in targets],
        "recorded": instant(recorded),
        "activity": {"coding": [operation]},
        "agent": [_agent("assembler", "Assembler", {"reference": author, "display": _SOFTWARE})],
        "entity": [{"role": "source", "what": source}],
    }


def day_total(total: DayTotal, patient: str, identifier: Identifier) -> Resource:
    """Put one local day's total into an Observation; the period keeps the day's UTC offsets."""
    known = load("findings")["day"][total.type]
    midnight = datetime(total.day.year, total.day.month, total.day.day, tzinfo=total.zone)
    return {
        "resourceType": "Observation",
        "identifier": [_identifier(identifier)],
        "status": "final",
        "category": [_category(known["category"])],
        "code": {"coding": [known["code"]]},
        "subject": {"reference": f"Patient/{patient}"},
        "effectivePeriod": {
            "start": midnight.isoformat(),
            "end": (midnight + timedelta(days=1)).isoformat(),
        },
        "valueQuantity": {
            "value": round(total.value, known["decimals"] or None),
            "unit": known["unit_text"],
            "system": load("findings")["systems"]["ucum"],
            "code": known["unit"],
        },
    }


def instant(moment: datetime) -> str:
    """Write an instant for FHIR: UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _waveform(strip: StripFacts) -> list[dict[str, Any]]:
    return sampled_components.components(
        strip.counts, strip.rate, strip.microvolts_per_count, strip.lead, strip.lead_code
    )


def _rate(facts: FindingFacts) -> dict[str, Any]:
    known = load("findings")["evidence"]["rate"]
    return {
        "code": {"coding": [known["code"]], "text": "Mean ventricular rate"},
        "valueQuantity": {
            "value": round(facts.mean_rate),
            "unit": known["unit"],
            "system": load("findings")["systems"]["ucum"],
            "code": known["unit"],
        },
    }


def _impression(facts: FindingFacts) -> dict[str, Any]:
    text = impression(facts)["text"]
    return {
        "code": {"coding": [codes_of_evidence(facts)["impression"]["code"]]},
        "valueCodeableConcept": {
            "text": f"{text} ({facts.basis}, {facts.decider} {facts.decider_version})"
        },
    }


def _intervals(facts: FindingFacts, shown: Tachogram) -> Iterator[dict[str, Any]]:
    """Write each unbroken run of intervals, in whole milliseconds."""
    known = load("findings")["evidence_of_beats"]["intervals"]
    coded = {"coding": [known["code"]]} if facts.signal == known["signal"] else {}
    for first, run in tachograms.runs(shown.beats):
        begin = instant(shown.start + timedelta(milliseconds=first))
        text = f"Intervals between heart beats in ms, in order, from the beat at {begin}"
        yield {"code": {**coded, "text": text}, "valueString": " ".join(map(str, run))}


def _reasons(facts: FindingFacts) -> list[dict[str, Any]]:
    """The probability and the numbers behind it: no code system has them, so they are named."""
    named = [(each.label, each.text) for each in measures(facts.evidence)]
    if facts.probability is not None:
        named.insert(0, ("Probability, investigational", probability_text(facts.probability)))
    return [{"code": {"text": label}, "valueString": text} for label, text in named]


def _shown_period(
    facts: FindingFacts, strip: StripFacts | None, tachogram: Tachogram | None
) -> dict[str, str]:
    if strip is None and tachogram is not None:
        ends = (tachogram.beats[0].offset, tachogram.beats[-1].offset)
        first, last = (tachogram.start + timedelta(milliseconds=one) for one in ends)
        return {"start": instant(first), "end": instant(last)}
    if strip is None:
        return {"start": instant(facts.onset), "end": instant(facts.last_seen)}
    return {"start": instant(strip.start), "end": instant(strip.end)}


def _identifier(identifier: Identifier) -> dict[str, str]:
    return {"system": identifier.system, "value": identifier.value}


def _category(code: str) -> dict[str, Any]:
    system = load("findings")["systems"]["observation_category"]
    return {"coding": [{"system": system, "code": code}]}


def _agent(code: str, display: str, who: Mapping[str, Any]) -> dict[str, Any]:
    system = load("findings")["systems"]["participant"]
    return {
        "type": {"coding": [{"system": system, "code": code, "display": display}]},
        "who": dict(who),
    }
