"""`wristchart replay`: a recorded ECG, or its beats, goes through the gateway as from a device."""

from __future__ import annotations

import re
import time
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from app.operating import tenant_of
from app.patients import require_patient
from app.replay_files import begins, session_of, start_of, stretches_of
from app.running import load_settings
from app.sharing import share_rhythm
from config.settings import Settings, Tenant
from safeguards import strict_json
from safeguards.assertions import Asker, Signer
from safeguards.egress import Egress, EgressError, Token
from wearable_agg.ecg.beat_recordings import BeatRecording
from wearable_agg.ecg.formats.detecting import format_of
from wearable_agg.ecg.formats.reading import FORMATS
from wearable_agg.ecg.frames import (
    SCOPE,
    Code,
    Device,
    Hello,
    ProtocolError,
    Sensor,
    Slice,
    beats_hello,
)
from wearable_agg.ecg.recordings import NoRecording, Recording
from wearable_agg.ecg.sender import GatewayAway, send

API_AUDIENCE = "wristchart-api"
CREATED = (200, 201)
UNNAMED = "ECG"
"""Stands for a lead without a name."""


class _Speed(click.ParamType[float]):
    """A factor, or "max"."""

    name = "factor"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if value == "max":
            return 0.0
        try:
            speed = float(str(value))
        except ValueError:
            speed = -1.0
        if not 0 <= speed < 1e6:
            self.fail('a factor such as 1 or 60, or "max" for as fast as it is stored', param, ctx)
        return speed


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--patient", required=True, help="The patient's FHIR id in the EHR.")
@click.option("--tenant", help="Which hospital, by its id; the first of the settings if not given.")
@click.option(
    "--format", "kind", type=click.Choice(FORMATS), help="Told from the content if not given."
)
@click.option("--lead", help="Which signal of the record; the best for rhythm if not given.")
@click.option("--beats", is_flag=True, help="Stream the annotated beats and no ECG.")
@click.option("--speed", type=_Speed(), default=1.0, show_default=True, help='A factor, or "max".')
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]),
    help="When the recording begins (UTC); else as its file says, or so that it ends now.",
)
@click.option(
    "--agreed",
    metavar="WORDS",
    help="What the patient agreed to, recorded as consent to heart rhythm where there is none.",
)
@click.pass_obj
def replay(
    config: Path,
    file: Path,
    patient: str,
    tenant: str | None,
    agreed: str | None,
    kind: str | None,
    lead: str | None,
    beats: bool,
    speed: float,
    start: datetime | None,
) -> None:
    """Stream the ECG in FILE, of a WFDB record its path without suffix, for a patient.

    Each unbroken stretch is a session. One whose time is known, by its file or by --start, is there
    once, however often it is sent.
    """
    settings = load_settings(config)
    try:
        kind = "wfdb" if beats else kind or format_of(file)
        stretches: list[Recording | BeatRecording] = []
        stretches += [_beats_of(file)] if beats else stretches_of(file, kind, lead)
    except NoRecording as error:
        raise click.BadParameter(str(error), param_hint="FILE") from error
    hospital = tenant_of(settings, tenant)
    require_patient(hospital, settings.keys, patient)
    token = _token(settings, hospital, patient)
    share_rhythm(settings, hospital, patient, agreed)
    begin = start if start is None or start.tzinfo else start.replace(tzinfo=UTC)
    owner = f"{hospital.id}|{hospital.issuer}|{patient}"
    for number, (one, at) in enumerate(
        zip(stretches, begins(stretches, begin, speed), strict=True)
    ):
        token = _token(settings, hospital, patient) if number else token
        session = session_of(owner, one, at if begin or start_of(one) else None)
        slices = one.slices(round(at.timestamp() * 1e6))
        _send(f"{settings.gateway.url}/ecg", _hello(one, kind, session, token), slices, speed)
        what = "heart beats" if isinstance(one, BeatRecording) else f"lead {one.lead}"
        click.echo(
            f"{one.seconds / 60:.1f} min of {what} of {one.name} "
            f"streamed for {patient} as session {session}."
        )


def _beats_of(record: Path) -> BeatRecording:
    """Read the annotated beats of a record; raises NoRecording."""
    from wearable_agg.validation.records import read_annotated, records_at

    if record.is_dir():
        raise NoRecording(f"{record} is a folder: give the path of a WFDB record without suffix")
    annotated = read_annotated(records_at(record)[0])
    if not len(annotated.beats):
        raise NoRecording(f"{annotated.name} has no annotated beats")
    return BeatRecording(annotated.name, annotated.beats)


def _token(settings: Settings, tenant: Tenant, patient: str) -> str:
    """Ask the API for a token for this patient's stream, as the site's operator."""
    operator = Asker(
        tenant=tenant.id,
        issuer=tenant.issuer,
        patient=patient,
        user="operator",
        user_name="Operator at the command line",
        context="replay",
        scopes=frozenset({SCOPE}),
    )
    assertion = Signer.open(settings.keys).sign(operator, API_AUDIENCE)
    try:
        answer = Egress.to_own_service(settings.api.url).request(
            "POST",
            f"{settings.api.url}/api/v1/patient/ecg-tokens",
            headers={"Idempotency-Key": str(uuid.uuid4())},
            json={},
            bearer=Token(settings.api.url, assertion),
        )
    except EgressError as error:
        raise click.ClickException(
            f"{settings.api.url} does not answer: start the demo, or `wristchart run api`"
        ) from error
    if answer.status_code not in CREATED:
        raise click.ClickException(f"the API gave no token (HTTP {answer.status_code})")
    try:
        return str(strict_json.loads(answer.content)["token"])
    except (strict_json.Malformed, KeyError, TypeError) as error:
        raise click.ClickException("the API's answer holds no token") from error


def _hello(
    recording: Recording | BeatRecording, kind: str, session: str, token: str
) -> Callable[[], Hello]:
    model = "WFDB record" if kind == "wfdb" else f"{kind} file"
    device = Device("Replay", model, recording.name)

    def hello() -> Hello:
        now = time.time_ns() // 1000
        if isinstance(recording, BeatRecording):
            return beats_hello(token, session, device, Sensor.ELECTRIC, now)
        leads = (re.sub(r"[^A-Za-z0-9+./_-]", "_", recording.lead)[:16] or UNNAMED,)
        return Hello(token, session, device, leads, recording.rate, recording.gain, now)

    return hello


def _send(gateway: str, hello: Callable[[], Hello], slices: Sequence[Slice], speed: float) -> None:
    with click.progressbar(length=len(slices), label="Streaming") as bar:
        try:
            send(
                gateway,
                hello,
                slices,
                speed=speed,
                progress=lambda stored: bar.update(max(0, stored - bar.pos)),
            )
        except GatewayAway as error:
            raise click.ClickException(
                f"{gateway} does not answer ({error}): start the demo, or `wristchart run gateway`"
            ) from error
        except ProtocolError as error:
            hint = ": give --start" if error.code is Code.IMPLAUSIBLE_TIME else ""
            raise click.ClickException(
                f"the gateway refused: {error.message} ({error.code}){hint}"
            ) from error
