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
from app.running import load_settings
from app.sharing import share_rhythm
from config.settings import Settings, Tenant
from safeguards import strict_json
from safeguards.assertions import Asker, Signer
from safeguards.egress import Egress, EgressError, Token
from wearable_agg.ecg.beat_recordings import BeatRecording
from wearable_agg.ecg.frames import (
    SCOPE,
    Device,
    Hello,
    ProtocolError,
    Sensor,
    Slice,
    beats_hello,
)
from wearable_agg.ecg.recordings import NoRecording, Recording, read_wfdb
from wearable_agg.ecg.sender import GatewayAway, send

API_AUDIENCE = "wristchart-api"
CREATED = (200, 201)


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
@click.argument("record", type=click.Path(path_type=Path))
@click.option("--patient", required=True, help="The patient's FHIR id in the EHR.")
@click.option("--tenant", help="Which hospital, by its id; the first of the settings if not given.")
@click.option("--lead", help="Which signal of the record; the best for rhythm if not given.")
@click.option("--beats", is_flag=True, help="Stream the annotated beats and no ECG.")
@click.option("--speed", type=_Speed(), default=1.0, show_default=True, help='A factor, or "max".')
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]),
    help="When the recording begins (UTC); by default so that it ends as sending does.",
)
@click.option(
    "--agreed",
    metavar="WORDS",
    help="What the patient agreed to, recorded as consent to heart rhythm where there is none.",
)
@click.pass_obj
def replay(
    config: Path,
    record: Path,
    patient: str,
    tenant: str | None,
    agreed: str | None,
    lead: str | None,
    beats: bool,
    speed: float,
    start: datetime | None,
) -> None:
    """Stream the WFDB record RECORD (path without suffix) for a patient."""
    settings = load_settings(config)
    try:
        recording = _beats_of(record) if beats else read_wfdb(record, lead)
    except NoRecording as error:
        raise click.BadParameter(str(error), param_hint="RECORD") from error
    hospital = tenant_of(settings, tenant)
    require_patient(hospital, settings.keys, patient)
    token = _token(settings, hospital, patient)
    share_rhythm(settings, hospital, patient, agreed)
    slices = recording.slices(_begin(recording, start, speed))
    session = str(uuid.uuid4())
    _send(f"{settings.gateway.url}/ecg", _hello(recording, session, token), slices, speed)
    what = "heart beats" if isinstance(recording, BeatRecording) else f"lead {recording.lead}"
    click.echo(
        f"{recording.seconds / 60:.1f} min of {what} of {recording.name} "
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


def _begin(recording: Recording | BeatRecording, start: datetime | None, speed: float) -> int:
    """Return the device time of the first sample in microseconds."""
    if start is not None:
        aware = start if start.tzinfo else start.replace(tzinfo=UTC)
        return round(aware.timestamp() * 1e6)
    ends_in = recording.seconds / speed if speed else 0.0
    return round((time.time() + ends_in - recording.seconds) * 1e6)


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


def _hello(recording: Recording | BeatRecording, session: str, token: str) -> Callable[[], Hello]:
    device = Device("Replay", "WFDB record", recording.name)

    def hello() -> Hello:
        now = time.time_ns() // 1000
        if isinstance(recording, BeatRecording):
            return beats_hello(token, session, device, Sensor.ELECTRIC, now)
        leads = (re.sub(r"[^A-Za-z0-9+./_-]", "_", recording.lead)[:16],)
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
            raise click.ClickException(
                f"the gateway refused: {error.message} ({error.code})"
            ) from error
