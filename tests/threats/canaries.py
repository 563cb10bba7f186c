"""Looking for secrets where none may be, in every spelling they might have there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import quote

from tests.conformance.simulator.ehr import SimulatedEhr
from tests.conformance.simulator.recording import Recording

SHORTEST = 12


def spellings(secret: str) -> frozenset[bytes]:
    """The secret as it is, in an address, in JSON, in hexadecimal, and inside Base64."""
    raw = secret.encode()
    inside = {
        encode(b"\0" * shift + raw)[4 * bool(shift) : -4]
        for encode in (base64.b64encode, base64.urlsafe_b64encode)
        for shift in range(3)
    }
    written = {raw, quote(secret, safe="").encode(), json.dumps(secret)[1:-1].encode()}
    return frozenset(inside | written | {raw.hex().encode()})


def found(secrets: Iterable[str], places: Mapping[str, bytes]) -> list[str]:
    """Which secret stands where; [] is what is wanted."""
    return [
        f"{secret[:24]}... in {place}"
        for secret in sorted(set(secrets))
        for place, content in places.items()
        if any(spelling in content for spelling in spellings(secret))
    ]


def files(folder: Path, *, but: Iterable[Path] = ()) -> dict[str, bytes]:
    """Every file beneath a folder, but for some files and folders."""
    left_out = tuple(but)
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(path.is_relative_to(each) for each in left_out)
    }


def secrets_of(ehr: SimulatedEhr, recording: Recording) -> set[str]:
    """The codes and tokens the EHR has issued, and what the product has proved itself with."""
    issued = {*ehr.tokens.issued, *ehr.authorization.codes}
    kept_from_all = {client.secret for client in ehr.registry.clients.values()}
    for sent in recording.to("/auth/token"):
        form = dict(sent.fields)
        kept_from_all |= {form.get("code_verifier", ""), form.get("client_assertion", "")}
    return {secret for secret in issued | kept_from_all if len(secret) >= SHORTEST}


def private_keys(keys: Path) -> set[str]:
    """The private parts of the site's own keys."""
    texts = [path.read_text("utf-8") for path in keys.glob("*.json")]
    return {part for text in texts for part in _private(json.loads(text))}


def _private(document: object) -> Iterable[str]:
    if isinstance(document, dict):
        yield from (str(value) for name, value in document.items() if name in ("d", "p", "q"))
        yield from (part for value in document.values() for part in _private(value))
    if isinstance(document, list):
        yield from (part for value in document for part in _private(value))
