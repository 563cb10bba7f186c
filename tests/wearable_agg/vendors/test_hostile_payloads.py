"""Payloads that must not be believed: each is refused, or set apart with a reason."""

from __future__ import annotations

import json

import pytest

from tests.wearable_agg.vendors.made_payloads import (
    ecg_file,
    export,
    found_in,
    group,
    heart_rate,
    items_in,
    outcome,
    pushed,
    record,
    synced,
)

GOOGLE, WITHINGS, APPLE = "google_health", "withings", "apple"
DEEP = "[" * 61 + "]" * 61
FUTURE, FUTURE_SECONDS = "2026-07-02T08:00:00Z", 1_790_000_000


def ecg(**changes: object) -> str:
    usual = {
        "interval": {"startTime": "2026-06-22T08:00:00Z", "endTime": "2026-06-22T08:00:30Z"},
        "resultClassification": "ATRIAL_FIBRILLATION",
        "samplingFrequencyHertz": 250,
        "millivoltsScalingFactor": 10922,
        "waveformSamples": [1, 2],
    }
    return json.dumps({"dataPoints": [{"electrocardiogram": {**usual, **changes}}]})


def signal(**changes: object) -> str:
    body = {"signal": [1, 2], "sampling_frequency": 300, **changes}
    return json.dumps({"status": 0, "body": body})


def doctype(inside: str) -> str:
    return export(record(), head=f"<!DOCTYPE HealthData [{inside}]>")


TABLE = [
    # broken or ambiguous documents
    (GOOGLE, heart_rate()[:-3], "brackets that do not match"),
    (GOOGLE, "", "not JSON"),
    (GOOGLE, '{"dataPoints":[],"dataPoints":[]}', "twice"),
    (GOOGLE, heart_rate().replace('"76"', "NaN"), "NaN is not a number"),
    (GOOGLE, heart_rate().replace('"76"', "Infinity"), "Infinity is not a number"),
    (GOOGLE, heart_rate().replace('"76"', "1e999"), "beyond range"),
    (GOOGLE, '{"dataPoints":' + DEEP + "}", "nested deeper"),
    (GOOGLE, b'{"dataPoints":"\xff"}', "not UTF-8"),
    (GOOGLE, '{"dataPoints":' + "9" * 500 + "}", "absurd length"),
    (GOOGLE, "[1]", "not an object"),
    (GOOGLE, '{"weather":"fine"}', "nothing that Google Health sends"),
    (GOOGLE, '{"dataPoints":[{"steps":{},"weight":{}}]}', "several data types"),
    (GOOGLE, '{"dataPoints":[{"mood":{}}]}', "no data type"),
    (WITHINGS, "userid=1&userid=2&appli=4", "twice"),
    (WITHINGS, "userid=1&appli=four", "not a number"),
    (WITHINGS, "\x00\x01\x02", "not a form"),
    (WITHINGS, '{"body":{}}', "$.status: missing"),
    (WITHINGS, '{"status":0,"body":{"lottery":1}}', "nothing that Withings sends"),
    (APPLE, "", "empty file"),
    (APPLE, '{"data":{"horoscope":[]}}', "nothing that Apple Health"),
    # values that no living body gives
    (GOOGLE, heart_rate("0"), "beyond what can be measured"),
    (GOOGLE, heart_rate("-1"), "beyond what can be measured"),
    (GOOGLE, heart_rate("1000000"), "beyond what can be measured"),
    (GOOGLE, heart_rate("9223372036854775808"), "beyond what can be measured"),
    (GOOGLE, heart_rate("9" * 31), "a number beyond reason"),
    (GOOGLE, heart_rate("0x4C"), "not a number"),
    (GOOGLE, heart_rate(True), "not a number"),
    (GOOGLE, heart_rate(None), "missing"),
    (WITHINGS, group((54, 140, 0)), "beyond what can be measured"),
    (WITHINGS, group((1, 71_400, 0)), "beyond what can be measured"),
    (WITHINGS, group((54, 95, 99)), "a unit beyond reason"),
    (WITHINGS, group((54, 95, "%")), "not a number"),
    (WITHINGS, group((9, 120, 0), (10, 80, 0)), "not below the systolic"),
    (WITHINGS, group((9, 80, 0), (10, 990, 0)), "beyond what can be measured"),
    (APPLE, export(record("OxygenSaturation", unit="%", value="97")), "9700 %"),
    (APPLE, export(record(value="nan")), "not a number"),
    (APPLE, export(record(value="1_0")), "not a number"),
    (APPLE, export(record(value="1e99")), "beyond what can be measured"),
    (APPLE, export(record("StepCount", unit="count", value="-5")), "beyond what"),
    (APPLE, synced(value="72; DROP TABLE"), "not a number"),
    # units
    (APPLE, export(record(unit="mmol/L")), "mmol/L where /min is meant"),
    (APPLE, export(record("BodyMass", unit="stone", value="12")), "stone where kg is meant"),
    (APPLE, export(record("BodyMass", unit="", value="70")), "no unit where kg is meant"),
    (APPLE, pushed(("body_temperature", "", {"qty": 98.6, "date": FUTURE})), "no unit"),
    (
        APPLE,
        pushed(("weight_body_mass", "kg", {"qty": 2000, "date": "2026-06-01 08:00:00 +0200"})),
        "beyond what can be measured",
    ),
    # times
    (GOOGLE, heart_rate(at="2026-06-22T08:00:00"), "without offset"),
    (GOOGLE, heart_rate(at=FUTURE), "in the future"),
    (GOOGLE, heart_rate(at="0001-01-01T00:00:00Z"), "beyond reason"),
    (GOOGLE, heart_rate(at="9999-12-31T23:59:59Z"), "beyond reason"),
    (GOOGLE, heart_rate(at="2026-02-30T08:00:00Z"), "not a time"),
    (GOOGLE, heart_rate(at="2026-06-22T24:30:00Z"), "not a time"),
    (GOOGLE, heart_rate(at="2026-06-22T08:00:00+15:00"), "not an offset"),
    (GOOGLE, heart_rate(at=1_780_000_000), "not a string"),
    (GOOGLE, heart_rate(utcOffset="50401s"), "not an offset"),
    (GOOGLE, heart_rate(utcOffset="1h"), "not an offset"),
    (WITHINGS, group((54, 95, 0), date=FUTURE_SECONDS), "in the future"),
    (WITHINGS, group((54, 95, 0), date=1_780_000_000_000), "not epoch seconds"),
    (WITHINGS, group((54, 95, 0), date=-1), "not epoch seconds"),
    (APPLE, export(record(startDate="2026-03-15 03:00:00")), "without offset"),
    (APPLE, export(record(endDate="2026-03-15 02:59:59 +0100")), "ends before it starts"),
    (APPLE, export(record(startDate="15.03.2026 03:00")), "not a time"),
    (APPLE, export(record(inside='<MetadataEntry key="HKTimeZone" value="../x"/>')), "time zone"),
    (APPLE, synced(startDate="2026-03-15T08:00:00"), "without offset"),
    (APPLE, synced(zoneOffset="+15:00"), "not an offset"),
    # waveforms
    (GOOGLE, ecg(millivoltsScalingFactor=0), "not positive"),
    (GOOGLE, ecg(samplingFrequencyHertz=0), "not a sampling rate"),
    (GOOGLE, ecg(waveformSamples=[1, None]), "waveformSamples[1]: not a sample"),
    (GOOGLE, ecg(waveformSamples="1,2"), "not a list of samples"),
    (WITHINGS, signal(signal=[]), "not a list of samples"),
    (WITHINGS, signal(signal=[1e300]), "not a sample"),
    (WITHINGS, signal(sampling_frequency=1e9), "not a sampling rate"),
    (APPLE, ecg_file("1.0", "abc"), "line 15: not a sample"),
    (APPLE, ecg_file(**{"Sample Rate": "0 hertz"}), "not a sampling rate"),
    (APPLE, ecg_file(**{"Recorded Date": "yesterday"}), "line 3: not a time"),
    (APPLE, ecg_file(Classification=""), "Classification: missing"),
    # documents of other intent
    (APPLE, export(record())[:-5], "line 1"),
    (APPLE, "<ClinicalDocument/>", "the root is ClinicalDocument"),
    (APPLE, "<HealthData>&lol;</HealthData>", "undefined entity"),
    (APPLE, export("<a>" * 20 + "</a>" * 20), "nested deeper"),
    (APPLE, doctype('<!ENTITY x "y">') + "<!DOCTYPE a>", "junk after"),
    (APPLE, "<!DOCTYPE HealthData [" + "<!-- x -->" * 20_000, "does not end"),
    (
        APPLE,
        doctype('<!ENTITY host SYSTEM "file:///etc/hostname">').replace('"72"', '"&host;"'),
        "undefined entity",
    ),
    (
        APPLE,
        doctype('<!ENTITY a "72">]><!DOCTYPE b [<!ENTITY c "1">'),
        "a document type or an entity where none may be",
    ),
    (APPLE, b"\xff\xfe<\x00H\x00", "not UTF-8"),
]


@pytest.mark.parametrize(("vendor", "raw", "reason"), TABLE)
def test_it_is_refused_or_set_apart(vendor: str, raw: str | bytes, reason: str) -> None:
    assert reason in outcome(vendor, raw)


def test_the_table_spoils_payloads_that_are_good() -> None:
    good = [
        (GOOGLE, heart_rate()),
        (GOOGLE, ecg()),
        (WITHINGS, group((54, 95, 0))),
        (WITHINGS, signal()),
        (APPLE, export(record())),
        (APPLE, ecg_file()),
        (APPLE, synced()),
        (APPLE, doctype('<!ENTITY x "y">')),
    ]
    assert [outcome(vendor, raw) for vendor, raw in good] == [""] * len(good)
    assert all(len(items_in(vendor, raw)) == 1 for vendor, raw in good)


def test_one_spoiled_row_of_an_export_does_not_cost_the_others() -> None:
    found = found_in(APPLE, export(record(), record(value="x"), record(value="80")))
    assert [type(one.item).__name__ for one in found] == [
        "Measurement",
        "Quarantined",
        "Measurement",
    ]
    assert found[1].path == "/HealthData/Record[2]/@value"


@pytest.mark.parametrize(
    ("at", "read"),
    [
        ("2026-06-22T23:59:60Z", "2026-06-22T23:59:59.999000+00:00"),
        ("2026-06-22T23:59:60.5Z", "2026-06-22T23:59:59.999000+00:00"),
        ("2026-06-22T08:00:00+14:00", "2026-06-21T18:00:00+00:00"),
        ("2026-06-22T08:00:00-12:00", "2026-06-22T20:00:00+00:00"),
        ("2025-12-31T23:59:59-05:00", "2026-01-01T04:59:59+00:00"),
        ("2026-03-08T02:30:00-05:00", "2026-03-08T07:30:00+00:00"),
    ],
)
def test_odd_times_are_kept(at: str, read: str) -> None:
    [one] = items_in(GOOGLE, heart_rate(at=at))
    assert one.start.isoformat() == read


def test_a_clock_five_minutes_ahead_is_believed() -> None:
    assert outcome(GOOGLE, heart_rate(at="2026-06-30T00:04:59Z")) == ""
    assert outcome(GOOGLE, heart_rate(at="2026-06-30T00:05:01Z")) == "in the future"


def test_the_total_of_today_ends_at_a_midnight_to_come() -> None:
    day = {"year": 2026, "month": 6, "day": 30}
    total = {"civilStartTime": {"date": day}, "steps": {"countSum": "100"}}
    assert outcome(GOOGLE, json.dumps({"rollupDataPoints": [total]})) == ""
