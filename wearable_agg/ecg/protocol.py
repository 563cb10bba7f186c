"""Reading and writing the control frames of the ECG stream protocol. Pure."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from safeguards import strict_json
from wearable_agg.ecg.frames import (
    HIGHEST_RATE,
    LATEST_TIME,
    LOWEST_RATE,
    MAXIMUM_FRAME_BYTES,
    MAXIMUM_LEADS,
    VERSION,
    Ack,
    Bye,
    Carried,
    Code,
    Control,
    Device,
    ErrorFrame,
    Gap,
    Hello,
    ProtocolError,
    Ready,
    Sensor,
    beats_hello,
)

_LEAD = re.compile(r"[A-Za-z0-9+./_-]{1,16}")
_TEXT_LIMIT = 200
_TOKEN_LIMIT = 8000


def encode_control(frame: Control) -> str:
    """Write a JSON control frame."""
    return strict_json.dumps(_document(frame))


def decode_control(raw: str | bytes) -> Control:
    """Read a JSON control frame; raises ProtocolError."""
    try:
        document = strict_json.loads(raw, limit=MAXIMUM_FRAME_BYTES)
    except strict_json.Malformed as error:
        raise _malformed(str(error)) from error
    if not isinstance(document, dict):
        raise _malformed("a control frame is a JSON object")
    kind = document.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise _malformed("unknown or missing frame type")
    return reader(document)


def _document(frame: Control) -> dict[str, object]:
    match frame:
        case Hello():
            return _hello_document(frame)
        case Ready(session, following, window, time):
            values = {"session": session, "next": following, "window": window, "time": time}
            return {"type": "ready", **values}
        case Ack(sequence):
            return {"type": "ack", "sequence": sequence}
        case Gap(sequence, reason):
            return {"type": "gap", "sequence": sequence, "reason": reason}
        case ErrorFrame(code, message, fatal, expected):
            document = {"type": "error", "code": str(code), "message": message, "fatal": fatal}
            return document if expected is None else {**document, "expected": expected}
        case Bye(reason):
            return {"type": "bye", "reason": reason}


def _hello_document(hello: Hello) -> dict[str, object]:
    device = hello.device
    return {
        "type": "hello",
        "version": VERSION,
        "token": hello.token,
        "session": hello.session,
        "device": {
            "vendor": device.vendor,
            "model": device.model,
            "serial": device.serial,
            "firmware": device.firmware,
        },
        **_form_document(hello),
        "device_time": hello.device_time,
    }


def _form_document(hello: Hello) -> dict[str, object]:
    if hello.signal is Carried.BEATS:
        return {"signal": str(hello.signal), "sensor": str(hello.sensor)}
    return {"leads": list(hello.leads), "rate": hello.rate, "gain": hello.gain}


def _hello(document: Mapping[str, Any]) -> Hello:
    if _whole(document, "version", 0xFFFF) != VERSION:
        raise ProtocolError(Code.UNSUPPORTED_VERSION, f"this gateway speaks version {VERSION}")
    return _ecg_hello(document) if _carried(document) is Carried.ECG else _beats_hello(document)


def _carried(document: Mapping[str, Any]) -> Carried:
    try:
        return Carried(document.get("signal", Carried.ECG))
    except ValueError as error:
        raise _malformed(f"signal is one of {', '.join(Carried)}") from error


def _ecg_hello(document: Mapping[str, Any]) -> Hello:
    return Hello(
        token=_text(document, "token", limit=_TOKEN_LIMIT),
        session=_session(document),
        device=_device(document),
        leads=_leads(document),
        rate=_number(document, "rate", LOWEST_RATE, HIGHEST_RATE),
        gain=_number(document, "gain", 1e-3, 1e3),
        device_time=_whole(document, "device_time", LATEST_TIME),
    )


def _beats_hello(document: Mapping[str, Any]) -> Hello:
    return beats_hello(
        token=_text(document, "token", limit=_TOKEN_LIMIT),
        session=_session(document),
        device=_device(document),
        sensor=_sensor(document),
        device_time=_whole(document, "device_time", LATEST_TIME),
    )


def _sensor(document: Mapping[str, Any]) -> Sensor:
    try:
        return Sensor(document.get("sensor", ""))
    except ValueError as error:
        raise _malformed(f"sensor is one of {', '.join(Sensor)}") from error


def _device(document: Mapping[str, Any]) -> Device:
    device = document.get("device")
    if not isinstance(device, dict):
        raise _malformed("device is an object")
    return Device(
        _text(device, "vendor"),
        _text(device, "model"),
        _text(device, "serial"),
        _text(device, "firmware", default=""),
    )


def _leads(document: Mapping[str, Any]) -> tuple[str, ...]:
    leads = document.get("leads")
    if not isinstance(leads, list) or not 1 <= len(leads) <= MAXIMUM_LEADS:
        raise _malformed(f"leads is a list of 1 to {MAXIMUM_LEADS} names")
    if not all(isinstance(lead, str) and _LEAD.fullmatch(lead) for lead in leads):
        raise _malformed("a lead is a name of at most 16 letters, digits and signs")
    if len(set(leads)) != len(leads):
        raise _malformed("a lead stands twice")
    return tuple(leads)


def _session(document: Mapping[str, Any]) -> str:
    text = _text(document, "session")
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise _malformed("session is a UUID") from error


def _ready(document: Mapping[str, Any]) -> Ready:
    return Ready(
        _session(document),
        _whole(document, "next", 0xFFFFFFFF),
        _whole(document, "window", 0xFFFF),
        _whole(document, "time", LATEST_TIME),
    )


def _ack(document: Mapping[str, Any]) -> Ack:
    return Ack(_whole(document, "sequence", 0xFFFFFFFF))


def _gap(document: Mapping[str, Any]) -> Gap:
    return Gap(_whole(document, "sequence", 0xFFFFFFFF), _text(document, "reason", default=""))


def _error(document: Mapping[str, Any]) -> ErrorFrame:
    try:
        code = Code(_text(document, "code"))
    except ValueError as error:
        raise _malformed("an unknown error code") from error
    expected = _whole(document, "expected", 0xFFFFFFFF) if "expected" in document else None
    return ErrorFrame(
        code, _text(document, "message", default=""), document.get("fatal") is True, expected
    )


def _bye(document: Mapping[str, Any]) -> Bye:
    return Bye(_text(document, "reason", default=""))


_READERS: dict[str, Callable[[Mapping[str, Any]], Control]] = {
    "hello": _hello,
    "ready": _ready,
    "ack": _ack,
    "gap": _gap,
    "error": _error,
    "bye": _bye,
}


def _text(
    document: Mapping[str, Any], name: str, default: str | None = None, limit: int = _TEXT_LIMIT
) -> str:
    value = document.get(name, default)
    if not isinstance(value, str) or len(value) > limit or (default is None and not value):
        raise _malformed(f"{name} is a text of at most {limit} characters")
    if not value.isprintable():
        raise _malformed(f"{name} holds control characters")
    return value


def _whole(document: Mapping[str, Any], name: str, highest: int) -> int:
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= highest:
        raise _malformed(f"{name} is a whole number from 0 to {highest}")
    return value


def _number(document: Mapping[str, Any], name: str, lowest: float, highest: float) -> float:
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _malformed(f"{name} is a number")
    if not lowest <= value <= highest:
        raise _malformed(f"{name} lies from {lowest} to {highest}")
    return float(value)


def _malformed(message: str) -> ProtocolError:
    return ProtocolError(Code.MALFORMED, message)
