"""Each format of ECG is read as one kind of recording, or refused with its reason."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeguards.strict_json import Malformed
from wearable_agg.ecg.formats import aecg, edf, kardia, movesense, polar, sampled_data
from wearable_agg.ecg.formats.detecting import format_of
from wearable_agg.ecg.formats.reading import FORMATS, read_recordings, read_told
from wearable_agg.ecg.frames import INVALID_SAMPLE
from wearable_agg.ecg.recordings import NoRecording
from wearable_agg.ecg.sampled_components import components
from wearable_agg.vendors.errors import Unusable

REFUSED = (NoRecording, Malformed, Unusable)
START = datetime(2026, 3, 1, 10, tzinfo=UTC)
NANO_START = int((START - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds() * 1e9)


def pmd(values: list[int], last: int, kind: int = 0, compression: int = 0) -> bytes:
    samples = b"".join(struct.pack("<i", v)[:3] for v in values)
    return struct.pack("<BQB", kind, last, compression) + samples


def pmd_frames(rate: float, count: int, first: int = NANO_START) -> list[bytes]:
    return [
        pmd(list(range(n, n + 73)), first + round(((n + 1) * 73 - 1) / rate * 1e9))
        for n in range(count)
    ]


def test_polar_takes_the_true_rate_from_the_frames_own_times() -> None:
    [made] = polar.recordings(pmd_frames(130.7, 20))
    assert made.rate == pytest.approx(130.7, rel=1e-6)
    assert made.start is not None
    assert abs((made.start - START).total_seconds()) < 1e-3
    assert made.millivolts(made.counts)[73] == pytest.approx(0.001)


def test_polar_samples_are_signed() -> None:
    assert polar.frame_of(pmd([-1, -8388608, 8388607], 1)).microvolts.tolist() == [
        -1,
        -8388608,
        8388607,
    ]


def test_polar_clock_that_falls_back_begins_another_recording() -> None:
    unset = int(
        (datetime(2019, 1, 1, tzinfo=UTC) - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds()
    )
    first, second = polar.recordings([*pmd_frames(130, 3), *pmd_frames(130, 2, unset * 10**9)])
    assert (len(first.counts), len(second.counts)) == (219, 146)
    assert first.start is not None
    assert second.start is None


def test_polar_lost_frames_begin_another_recording() -> None:
    frames = pmd_frames(130, 6)
    assert len(list(polar.recordings([*frames[:2], *frames[4:]]))) == 2


def test_polar_frames_told_twice_are_taken_once() -> None:
    frames = pmd_frames(130, 3)
    [made] = polar.recordings([frames[0], frames[1], frames[1], frames[2]])
    assert len(made.counts) == 219


@pytest.mark.parametrize(
    "raw",
    [b"", pmd([], 1), pmd([1], 1)[:-1], pmd([1], 1, kind=2), pmd([1], 1, compression=1)],
)
def test_polar_frames_that_are_none_are_refused(raw: bytes) -> None:
    with pytest.raises(NoRecording):
        polar.frame_of(raw)


def notification(at: int, samples: list[int], rate: int = 125) -> dict[str, object]:
    return {"Body": {"Timestamp": at, "Samples": samples}, "Uri": f"174/Meas/ECG/{rate}"}


def test_movesense_counts_have_the_sensors_resolution() -> None:
    raw = json.dumps([notification(n * 128, [100] * 16) for n in range(4)]).encode()
    [made] = movesense.recordings(raw)
    assert (made.rate, len(made.counts)) == (125, 64)
    assert made.millivolts(made.counts)[0] == pytest.approx(0.038147, rel=1e-4)


def test_movesense_that_lost_notifications_gives_two_recordings() -> None:
    raw = json.dumps([notification(at, [1] * 16) for at in (0, 128, 900)]).encode()
    assert [len(made.counts) for made in movesense.recordings(raw)] == [32, 16]


@pytest.mark.parametrize(
    ("at", "lengths"),
    [
        ((0, 256, 384), [16, 32]),
        ((0, 128, 128, 256), [48]),
        ((0, 130, 254, 384), [64]),
        ((256, 384, 0, 128), [32, 32]),
    ],
)
def test_movesense_notifications_lost_or_told_twice_are_not_joined(
    at: tuple[int, ...], lengths: list[int]
) -> None:
    raw = json.dumps([notification(one, [1] * 16) for one in at]).encode()
    assert [len(made.counts) for made in movesense.recordings(raw)] == lengths


def test_kardia_gives_every_lead_with_its_verdict() -> None:
    leads = {"leadI": [1000, -2000], "AVF": [0, 4], "unheard": [1]}
    raw = {"frequency": 300, "amplitudeResolution": 500, "samples": leads}
    said = {"id": "k", "algorithmDetermination": "afib", "recordedAt": "2026-03-01T11:00:00+01:00"}
    made = list(kardia.recordings(json.dumps({**said, "data": {"raw": raw}}).encode()))
    assert [one.lead for one in made] == ["I", "aVF"]
    assert made[0].millivolts(made[0].counts).tolist() == pytest.approx([0.5, -1.0])
    assert (made[0].verdict, made[0].vendor_verdict) == ("atrial_fibrillation", "afib")
    assert made[0].start == START


def test_kardia_without_resolution_is_not_guessed() -> None:
    raw = {"data": {"raw": {"frequency": 300, "samples": {"lead_I": [1]}}}}
    with pytest.raises(NoRecording, match="no unit"):
        list(kardia.recordings(json.dumps(raw).encode()))


@given(
    st.lists(st.integers(-32767, 32767), min_size=1, max_size=6000),
    st.sampled_from([130.25, 250.0, 512.6171875]),
)
def test_what_is_written_as_sampled_data_is_read_back(counts: list[int], rate: float) -> None:
    written = components(counts, rate, 2.5, "II", "131330")
    assert len(written) == -(-len(counts) // round(10 * rate))
    observation = {"resourceType": "Observation", "component": written}
    observation["effectivePeriod"] = {"start": "2026-03-01T10:00:00Z"}
    [made] = sampled_data.recordings(json.dumps(observation).encode())
    assert made.millivolts(made.counts) == pytest.approx(np.array(counts) * 0.0025, abs=0.002)
    assert (made.lead, made.start) == ("II", START)
    assert made.rate == pytest.approx(rate, rel=1e-7)


def observation(**changes: object) -> bytes:
    data: dict[str, object] = {
        "origin": {"value": 1, "unit": "mV"},
        "interval": 4,
        "intervalUnit": "ms",
        "factor": 0.5,
        "dimensions": 1,
        "data": "0 2 E U L",
    }
    coding = {"system": "urn:oid:2.16.840.1.113883.6.24", "code": "131329"}
    changed = {name: value for name, value in (data | changes).items() if value is not None}
    one = {"resourceType": "Observation", "code": {"coding": [coding]}}
    return json.dumps({**one, "valueSampledData": changed}).encode()


def test_sampled_data_of_r5_with_origin_factor_and_errors() -> None:
    [made] = sampled_data.recordings(observation())
    assert (made.lead, made.rate) == ("I", 250.0)
    assert made.counts[2:].tolist() == [INVALID_SAMPLE] * 3
    assert made.millivolts(made.counts)[:2].tolist() == pytest.approx([1.0, 2.0], abs=1e-3)


def leads_of(*named: tuple[str | None, str | None], **facts: object) -> list[tuple[str, int]]:
    """Read an Observation of half a second by component, each of this code and text."""
    data = json.loads(observation())["valueSampledData"] | {"data": " ".join(["1"] * 125)}
    parts = []
    for code, text in named:
        coding = [{"system": "urn:oid:2.16.840.1.113883.6.24", "code": code}] if code else []
        told = {"coding": coding} | ({"text": text} if text else {})
        parts.append({"code": told, "valueSampledData": data})
    whole = {"resourceType": "Observation", "component": parts, **facts}
    made = sampled_data.recordings(json.dumps(whole).encode())
    return [(one.lead, len(one.counts)) for one in made]


def test_components_of_one_lead_follow_each_other_and_other_leads_stand_alone() -> None:
    assert leads_of(("131328", "ECG lead MLII"), ("131328", "CM5")) == [("MLII", 125), ("CM5", 125)]
    assert leads_of((None, "ch 1"), (None, "ch 2"), (None, "ch 1")) == [
        ("ch 1", 250),
        ("ch 2", 125),
    ]
    assert leads_of(("131329", None), ("131330", None)) == [("I", 125), ("II", 125)]


@pytest.mark.parametrize("code", [None, "131328"])
def test_components_that_do_not_name_their_lead_are_not_joined(code: str | None) -> None:
    with pytest.raises(NoRecording, match="do not name their lead"):
        leads_of((code, None), (code, None))


def test_a_lead_that_is_longer_than_the_recording_is_refused() -> None:
    period = {"start": "2026-03-01T10:00:00Z", "end": "2026-03-01T10:00:01Z"}
    assert leads_of(*[("131329", None)] * 2, effectivePeriod=period) == [("I", 250)]
    with pytest.raises(NoRecording, match="told twice"):
        leads_of(*[("131329", None)] * 5, effectivePeriod=period)


@pytest.mark.parametrize(
    ("when", "start"),
    [
        ({"effectiveInstant": "2026-03-01T11:00:00.000+01:00"}, START),
        ({"effectiveDateTime": "2026-03-01T10:00:00Z"}, START),
        ({"effectiveDateTime": "2026-03"}, None),
    ],
)
def test_the_begin_is_read_in_every_form(when: dict[str, str], start: datetime | None) -> None:
    [made] = sampled_data.recordings(json.dumps(json.loads(observation()) | when).encode())
    assert made.start == start


def test_what_was_entered_in_error_is_left_out() -> None:
    void = json.loads(observation()) | {"status": "entered-in-error"}
    with pytest.raises(NoRecording, match="in error"):
        list(sampled_data.recordings(json.dumps(void).encode()))
    entries = [{"resource": one} for one in (void, json.loads(observation()))]
    bundle = {"resourceType": "Bundle", "entry": entries}
    assert len(list(sampled_data.recordings(json.dumps(bundle).encode()))) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": {"value": 0, "unit": "mm[Hg]"}},
        {"interval": 0},
        {"interval": None},
        {"intervalUnit": "wk"},
        {"dimensions": 2},
        {"data": ""},
        {"data": "1 NaN"},
        {"data": "1 1e99"},
        {"data": "one"},
    ],
)
def test_sampled_data_that_is_no_ecg_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(REFUSED):
        list(sampled_data.recordings(observation(**changes)))


def edf_file(**changes: object) -> bytes:
    """Two records of 1 s, 250 Hz, of one ECG signal and one annotation signal."""
    facts: dict[str, object] = {
        "reserved": "EDF+C", "records": 2, "seconds": 1, "signals": 2, "header": 768,
        "labels": ("ECG II", "EDF Annotations"), "units": ("mV", ""), "low": ("-5", "-1"),
        "high": ("5", "1"), "least": ("-32768", "-32768"), "most": ("32767", "32767"),
        "samples": (250, 8), "start": "01.03.2610.00.00", "times": ("", ""),
    }  # fmt: skip
    f = facts | changes

    def pad(value: object, width: int) -> bytes:
        return str(value).encode("latin-1").ljust(width)[:width]

    def column(name: str, width: int) -> bytes:
        return b"".join(pad(value, width) for value in f[name])  # type: ignore[attr-defined]

    fixed = pad(0, 8) + pad("", 160) + pad(f["start"], 16) + pad(f["header"], 8)
    fixed += pad(f["reserved"], 44) + pad(f["records"], 8) + pad(f["seconds"], 8)
    fixed += pad(f["signals"], 4)
    signals = column("labels", 16) + b" " * 160 + column("units", 8) + column("low", 8)
    signals += column("high", 8) + column("least", 8) + column("most", 8) + b" " * 160
    signals += column("samples", 8) + b" " * 64
    wave = np.arange(250, dtype="<i2").tobytes()
    return (
        fixed
        + signals
        + b"".join(
            wave + time.encode().ljust(2 * f["samples"][1], b"\0")  # type: ignore[index]
            for time in f["times"]  # type: ignore[attr-defined]
        )
    )


def test_edf_gives_its_ecg_signals() -> None:
    [made] = edf.recordings(edf_file())
    assert (made.lead, made.rate, len(made.counts), made.start) == ("II", 250.0, 500, START)
    factor = 10 / 65535
    assert made.millivolts(made.counts)[249] == pytest.approx((249 + 32768) * factor - 5, abs=1e-3)


@pytest.mark.parametrize(
    ("label", "lead"),
    [
        *[("ECG", ""), ("ECG1", ""), ("EKG 2", ""), ("ECG I", "I"), ("ECG II-Ref", "II")],
        *[("ECG LA-RA", "I"), ("ECG LL-LA", "III"), ("ECG aVR", "aVR"), ("ECG_v5", "V5")],
        *[("Lead I", "I"), ("II", "II"), ("MLII", "MLII"), ("avf", "aVF"), ("ECG X-Y", "")],
    ],
)
def test_edf_labels_name_the_lead(label: str, lead: str) -> None:
    [made] = edf.recordings(edf_file(labels=(label, "EDF Annotations")))
    assert (made.name, made.lead) == (label, lead)


def test_edf_in_microvolts_is_read_however_they_are_written() -> None:
    for unit in ("uV", "\xb5V", "\xc2\xb5V"):
        [made] = edf.recordings(edf_file(units=(unit, "")))
        assert made.millivolts(made.counts).min() == pytest.approx(0.000076, abs=1e-4)


def test_an_ecg_signal_that_cannot_be_used_is_left_out_where_another_can() -> None:
    labels, units = ("ECG II", "ECG V1"), ("mV", "mV")
    [made] = edf.recordings(edf_file(labels=labels, units=units))
    assert (made.lead, made.rate) == ("II", 250.0)
    with pytest.raises(NoRecording):
        list(edf.recordings(edf_file(labels=("EEG", "ECG V1"), units=units)))


def timed_edf(*times: str, kind: str = "EDF+D") -> bytes:
    told = [f"{time}\x14\x14" for time in times]
    return edf_file(reserved=kind, records=len(times), times=told)


def test_edf_with_gaps_gives_every_stretch_with_its_start() -> None:
    made = list(edf.recordings(timed_edf("+0", "+1.0005", "+61.5", "+62.5")))
    assert [len(one.counts) for one in made] == [500, 500]
    assert [one.start for one in made] == [START, START + timedelta(seconds=61.5)]


def test_edf_tells_the_fraction_of_its_start_in_its_annotations() -> None:
    [made] = edf.recordings(timed_edf("+0.25", "+1.25", kind="EDF+C"))
    assert made.start == START + timedelta(seconds=0.25)


@pytest.mark.parametrize(
    "changes",
    [
        {"reserved": "EDF+D"},
        {"reserved": "EDF+D", "labels": ("ECG", "ECG")},
        {"records": -1},
        {"records": 3},
        {"seconds": 0},
        {"seconds": "nan"},
        {"signals": 0},
        {"signals": 9999},
        {"header": 256},
        {"units": ("kg", "")},
        {"most": ("-32768", "32767")},
        {"high": ("-5", "1")},
        {"samples": (-1, 8)},
        {"samples": ("1e9", 8)},
        {"samples": (20, 8)},
        {"labels": ("EEG Fpz", "EDF Annotations")},
        {"labels": ("ECG\xe9", "x")},
    ],
)
def test_edf_that_cannot_be_read_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(NoRecording):
        list(edf.recordings(edf_file(**changes)))


AECG = """<?xml version="1.0" encoding="UTF-8"?>{doctype}
<AnnotatedECG xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<component><series><component><sequenceSet>
<component><sequence><code code="TIME_ABSOLUTE"/><value xsi:type="GLIST_TS">
<head value="20260301100000.000"/><increment value="{step}" unit="s"/></value>
</sequence></component>
<component><sequence><code code="MDC_ECG_LEAD_AVR"/><value xsi:type="SLIST_PQ">
<origin value="0" unit="uV"/><scale value="5" unit="{unit}"/><digits>{digits}</digits>
</value></sequence></component>
</sequenceSet></component></series></component></AnnotatedECG>"""


def annotated(**changes: str) -> bytes:
    said = {"doctype": "", "step": "0.002", "unit": "uV", "digits": "1 -2 200"} | changes
    return AECG.format(**said).encode()


def test_annotated_ecg_gives_its_leads() -> None:
    [made] = aecg.recordings(annotated())
    assert (made.lead, made.rate, made.start) == ("aVR", 500.0, START)
    assert made.millivolts(made.counts).tolist() == pytest.approx([0.005, -0.01, 1.0])


@pytest.mark.parametrize(
    ("head", "start"),
    [
        ("20260301050000.000-0500", START),
        ("20260301110000.250+0100", START + timedelta(milliseconds=250)),
        ("202603011000", START),
        ("20261301100000", None),
        ("yesterday", None),
    ],
)
def test_times_of_an_annotated_ecg_keep_zone_and_fraction(
    head: str, start: datetime | None
) -> None:
    [made] = aecg.recordings(annotated().replace(b"20260301100000.000", head.encode()))
    assert made.start == start


def test_a_representative_beat_is_no_rhythm() -> None:
    raw = annotated()
    series = raw[raw.index(b"<series>") : raw.index(b"</series>")].removeprefix(b"<series>")
    derived = b"<derivation><derivedSeries>" + series + b"</derivedSeries></derivation></series>"
    assert len(list(aecg.recordings(raw.replace(b"</series>", derived)))) == 1
    beat = raw.replace(b"<series>", b'<series><code code="REPRESENTATIVE_BEAT"/>')
    with pytest.raises(NoRecording, match="rhythm"):
        list(aecg.recordings(beat))


def test_leads_whose_time_is_relative_begin_with_their_series() -> None:
    begin = b'<series><effectiveTime><low value="20260301100000"/></effectiveTime>'
    raw = annotated().replace(b"<series>", begin).replace(b"20260301100000.000", b"0")
    assert [made.start for made in aecg.recordings(raw)] == [START]


BOMB = '<!DOCTYPE b [<!ENTITY a "1 1 1 1"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<a/>",
        b"<AnnotatedECG",
        annotated().replace(b"UTF-8", b"UTF-9"),
        annotated().replace(b"UTF-8", b"GB2312"),
        annotated(step="0"),
        annotated(step="x"),
        annotated(unit="kg"),
        annotated(digits=""),
        annotated(digits="1 x"),
        annotated(doctype=BOMB, digits="&b;"),
        annotated().replace(b"MDC_ECG_LEAD_AVR", b"MDC_PRESS_BLD"),
    ],
)
def test_annotated_ecg_that_cannot_be_read_is_refused(raw: bytes) -> None:
    with pytest.raises(REFUSED):
        list(aecg.recordings(raw))


NOTIFICATIONS = json.dumps([notification(0, [1] * 16)]).encode()


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (edf_file(), "edf"),
        (annotated(), "aecg"),
        (observation(), "fhir"),
        (pmd_frames(130, 1)[0].hex().encode(), "polar"),
        (NOTIFICATIONS, "movesense"),
        (b'{"algorithmDetermination": "normal"}', "kardia"),
        (b'{"status": 0, "body": {"series": []}}', "withings"),
        (b'{"dataPoints": []}', "google_health"),
        (b'{"type": "HKElectrocardiogram", "classification": 1}', "apple"),
        (b"Name,x\nDate of Birth,y\n", "apple"),
    ],
)
def test_the_format_is_told_from_the_content(tmp_path: Path, raw: bytes, kind: str) -> None:
    file = tmp_path / "file"
    file.write_bytes(raw)
    assert format_of(file) == kind


@pytest.mark.parametrize("raw", [b"", b"<html>", b"[]", b"{", b"GIF89a"])
def test_what_is_no_ecg_has_no_format(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(raw)
    with pytest.raises(NoRecording):
        format_of(file)


def test_kardia_without_a_lead_that_is_known_says_so() -> None:
    raw = {"frequency": 300, "amplitudeResolution": 500, "samples": {"leadX": [1]}}
    with pytest.raises(NoRecording, match="no lead that is known: leadX"):
        list(kardia.recordings(json.dumps({"data": {"raw": raw}}).encode()))


@given(
    st.sampled_from([None, *sorted(set(FORMATS) - {"wfdb"})]), st.binary(max_size=600), st.data()
)
def test_hostile_bytes_are_refused_and_never_crash(tmp_path_factory, kind, noise, data) -> None:
    seeds = [
        edf_file(),
        annotated(),
        observation(),
        b"\n".join(f.hex().encode() for f in pmd_frames(130, 2)),
    ]
    seed = data.draw(st.sampled_from([noise, *seeds]))
    at = data.draw(st.integers(0, len(seed)))
    file = tmp_path_factory.getbasetemp() / "hostile"
    file.write_bytes(seed[:at] + noise + seed[at + len(noise) :])
    try:
        made = read_recordings(file, kind)
        read_told(file, kind or format_of(file), START)
    except NoRecording:
        return
    assert all(100 <= one.rate <= 1000 and one.gain > 0 for one in made)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for kind in FORMATS:
        with pytest.raises(NoRecording):
            read_recordings(tmp_path / "nothing", kind)


@pytest.mark.parametrize("kind", ["kardia", "fhir"])
def test_a_recording_at_the_end_of_time_is_refused(tmp_path: Path, kind: str) -> None:
    at = "9999-12-31T23:59:59.999999Z"
    samples = {"frequency": 300, "amplitudeResolution": 1, "samples": {"leadI": [1, 1]}}
    said = {
        "kardia": {"recordedAt": at, "data": {"raw": samples}},
        "fhir": json.loads(observation()) | {"effectiveDateTime": at},
    }
    (tmp_path / "late").write_text(json.dumps(said[kind]))
    with pytest.raises(NoRecording, match="beyond reason"):
        read_told(tmp_path / "late", kind, None)


def test_a_waveform_with_a_hole_is_refused(tmp_path: Path) -> None:
    times = [n / 512 for n in (*range(100), *range(1636, 1736))]
    pairs = [[at, 1e-6] for at in times]
    said = {"classification": 1, "samplingFrequency": 512, "voltageMeasurements": pairs}
    span = {"startDate": "2026-03-01T10:00:00Z", "endDate": "2026-03-01T10:00:30Z"}
    file = tmp_path / "ecg.json"
    file.write_text(json.dumps([said | span]))
    with pytest.raises(NoRecording, match="samples are missing between"):
        read_recordings(file, "apple")
