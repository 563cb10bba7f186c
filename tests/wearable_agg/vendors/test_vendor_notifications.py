"""Notifications that are read only when they are the vendor's own."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from config.settings import VendorApp
from safeguards.strict_json import Malformed
from wearable_agg.vendors.protocol import NotAuthentic, Notification, UnknownKey, Unusable, Window
from wearable_agg.vendors.registry import VENDORS

GOOGLE, WITHINGS = VENDORS["google_health"], VENDORS["withings"]
KEY = ec.generate_private_key(ec.SECP256R1())
KEY_ID = 305419896
APP = VendorApp("google_health", "id", "secret", "", "", "", "", "", "webhook-secret")


def keyset(**changes: Any) -> bytes:
    """Write the public key as Tink does."""
    numbers = KEY.public_key().public_numbers()
    x, y = (part.to_bytes(33, "big") for part in (numbers.x, numbers.y))
    message = bytes([0x08, 0, 0x12, 6, 8, 3, 16, 2, 24, 2, 0x1A, 33, *x, 0x22, 33, *y])
    data = {
        "typeUrl": "type.googleapis.com/google.crypto.tink.EcdsaPublicKey",
        "value": base64.b64encode(message).decode(),
    }
    usual = {"keyId": KEY_ID, "status": "ENABLED", "outputPrefixType": "TINK", "keyData": data}
    return json.dumps({"primaryKeyId": KEY_ID, "key": [{**usual, **changes}]}).encode()


def signed(raw: bytes, header: str = "GOOGLE-HEALTH-API-SIGNATURE") -> dict[str, str]:
    signature = KEY.sign(raw, ec.ECDSA(hashes.SHA256()))
    return {header: base64.b64encode(b"\x01" + KEY_ID.to_bytes(4, "big") + signature).decode()}


def notice(**data: Any) -> bytes:
    usual = {"healthUserId": "42", "operation": "UPSERT", "dataType": "steps"}
    return json.dumps({"data": {**usual, **data}}).encode()


def heard(raw: bytes) -> list[Notification]:
    return GOOGLE.notifications(signed(raw), raw, keyset())


@pytest.mark.parametrize("header", ["Google-Health-Api-Signature", "X-HEALTHAPI-SIGNATURE"])
def test_true_signature_under_either_header(header: str) -> None:
    raw = notice()
    (one,) = GOOGLE.notifications(signed(raw, header), raw, keyset())
    assert (one.vendor_user_id, one.kinds, one.action) == ("42", ("steps",), "changed")


@pytest.mark.threat("T27")
@pytest.mark.parametrize(
    "header", ["", "!", "AQ==", "AAAAAAAAAAAA", base64.b64encode(b"\x01" + bytes(4)).decode()]
)
def test_what_is_no_signature_is_not_authentic(header: str) -> None:
    with pytest.raises(NotAuthentic):
        GOOGLE.notifications({"X-HEALTHAPI-SIGNATURE": header}, notice(), keyset())


@pytest.mark.threat("T27")
def test_signature_of_another_body_is_not_authentic() -> None:
    with pytest.raises(NotAuthentic):
        GOOGLE.notifications(signed(notice()), notice(healthUserId="43"), keyset())


@pytest.mark.parametrize(
    "changes", [{"status": "DISABLED"}, {"outputPrefixType": "RAW"}, {"keyId": 1}]
)
def test_key_that_does_not_count_is_unknown(changes: dict[str, Any]) -> None:
    raw = notice()
    with pytest.raises(UnknownKey):
        GOOGLE.notifications(signed(raw), raw, keyset(**changes))


@pytest.mark.parametrize("value", ["", "GiE=", "////"])
def test_broken_key_is_unusable(value: str) -> None:
    data = {"typeUrl": "x.EcdsaPublicKey", "value": value}
    raw = notice()
    with pytest.raises(Unusable):
        GOOGLE.notifications(signed(raw), raw, keyset(keyData=data))


def test_batch_keeps_the_types_we_read() -> None:
    entries = [json.loads(notice(dataType=kind)) for kind in ("sleep", "altitude", "heart-rate")]
    found = heard(json.dumps(entries).encode())
    assert [one.kinds for one in found] == [("sleep",), ("heart-rate",)]


def test_window_spans_all_intervals() -> None:
    intervals = [
        {
            "physicalTimeInterval": {
                "startTime": f"2026-03-07T{h}:00Z",
                "endTime": f"2026-03-07T{h}:30Z",
            }
        }
        for h in ("17:29", "03:10")
    ]
    (one,) = heard(notice(intervals=intervals))
    assert one.window == Window(
        datetime(2026, 3, 7, 3, 10, tzinfo=UTC), datetime(2026, 3, 7, 17, 29, 30, tzinfo=UTC)
    )


def test_civil_times_hold_wherever_the_person_is() -> None:
    civil = {"startTime": "2026-03-07T17:29:00", "endTime": "2026-03-07T17:34:00"}
    (beside,) = heard(notice(civilIso8601TimeInterval=civil))
    (inside,) = heard(notice(intervals=[{"civilIso8601TimeInterval": civil}]))
    assert beside.window == inside.window
    assert beside.window is not None
    assert beside.window.end - beside.window.start == timedelta(hours=28, minutes=5)


def test_parts_of_a_civil_time_that_are_zero_are_absent() -> None:
    day = {"date": {"year": 2026, "month": 3, "day": 7}}
    times = {"startDateTime": day, "endDateTime": {**day, "time": {"hours": 2}}}
    (one,) = heard(notice(intervals=[{"civilDateTimeInterval": times}]))
    assert one.window is not None
    assert one.window.end - one.window.start == timedelta(hours=30)


def test_delete_is_told_apart() -> None:
    (one,) = heard(notice(operation="DELETE", recordId="r"))
    assert one.action == "deleted"


def test_verification_is_answered_by_who_asks() -> None:
    raw = b'{"type":"verification"}'
    assert GOOGLE.handshake(APP, {"Authorization": "webhook-secret"}, raw) == 201
    assert GOOGLE.handshake(APP, {"Authorization": "another"}, raw) == 401
    assert GOOGLE.handshake(APP, {}, raw) == 401
    assert GOOGLE.handshake(replace(APP, webhook_secret=""), {"Authorization": ""}, raw) == 401


@pytest.mark.parametrize("raw", [b"", b"[]", b"{}", b'{"type":{}}', notice()])
def test_what_is_no_verification_is_left_alone(raw: bytes) -> None:
    assert GOOGLE.handshake(APP, {}, raw) is None


def withings(form: bytes) -> list[Notification]:
    return WITHINGS.notifications({}, form, b"")


def test_withings_day_is_fetched_wherever_the_person_is() -> None:
    (one,) = withings(b"userid=12345678&appli=16&date=2026-06-22")
    assert (one.vendor_user_id, one.kinds) == ("12345678", ("activity", "intraday"))
    assert one.window == Window(
        datetime(2026, 6, 21, 10, tzinfo=UTC), datetime(2026, 6, 23, 14, tzinfo=UTC)
    )


def test_withings_span_includes_its_last_second() -> None:
    (one,) = withings(b"userid=1&appli=4&startdate=1780000000&enddate=1780000000")
    assert one.window is not None
    assert one.window.end - one.window.start == timedelta(seconds=1)


@pytest.mark.parametrize("action", ["delete", "unlink"])
def test_withings_account_that_is_gone_is_unlinked(action: str) -> None:
    (one,) = withings(f"userid=1&appli=46&action={action}".encode())
    assert (one.action, one.kinds, one.window) == ("unlinked", (), None)


@pytest.mark.parametrize("form", [b"userid=1&appli=46&action=update", b"userid=1&appli=55"])
def test_withings_category_that_we_do_not_read_is_nothing(form: bytes) -> None:
    assert withings(form) == []


@pytest.mark.parametrize("form", [b"userid", b"userid=1&userid=2&appli=16", b"\xff=1"])
def test_what_is_no_form_is_malformed(form: bytes) -> None:
    with pytest.raises(Malformed):
        withings(form)


@pytest.mark.parametrize(
    "form",
    [
        b"",
        b"appli=16",
        b"userid=x&appli=16",
        b"userid=1&appli=16&date=someday",
        b"userid=1&appli=44&startdate=1",
        b"userid=1&appli=44&startdate=9999999999999&enddate=9999999999999",
    ],
)
def test_withings_form_with_a_wrong_field_is_unusable(form: bytes) -> None:
    with pytest.raises(Unusable):
        withings(form)
