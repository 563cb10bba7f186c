"""`wristchart demo`: the whole product and its surroundings on loopback, in one command."""

from __future__ import annotations

import threading
from pathlib import Path

import click
import requests
import structlog

from app.cli import ROLES
from app.demo import folder, people, site
from app.demo.processes import Processes, is_free, wait_until
from app.demo.site import Site
from app.running import configure_logging
from app.stopping import stop_on_signals
from safeguards.assertions import Signer

START_SECONDS = 90.0
_PATCH = "patch"


@click.command()
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("data/demo"),
    show_default=True,
    help="Where the demo keeps everything; delete it and nothing is left.",
)
@click.option("--fresh", is_flag=True, help="Empty the data folder first.")
@click.option(
    "--port",
    type=click.IntRange(1, site.LAST_FIRST_PORT),
    default=8400,
    show_default=True,
    help="First of the ports it uses.",
)
def demo(data: Path, fresh: bool, port: int) -> None:
    """Start every role and the sandbox; print one address and what to click."""
    place = Site(data.resolve(), port)
    with folder.held(place):
        _require_ports(place)
        if fresh:
            folder.empty(place)
        folder.require_address(place)
        site.write(place)
        _run(place)


def _run(place: Site) -> None:
    """Start everything and keep it running until SIGTERM or Ctrl-C."""
    configure_logging("demo")
    stop = threading.Event()
    stop_on_signals(stop)
    processes = Processes(place.data / "logs")
    try:
        _start(place, processes, stop)
        _keep_running(place, processes, stop)
    finally:
        click.echo("Stopping ...")
        processes.stop()


def _require_ports(place: Site) -> None:
    taken = [f"{port} ({name})" for name, port in place.ports.items() if not is_free(port)]
    if taken:
        raise click.ClickException(
            f"In use: port {', '.join(taken)}. Stop what listens there (another demo?) "
            f"or {folder.ELSEWHERE}."
        )


def _start(place: Site, processes: Processes, stop: threading.Event) -> None:
    click.echo("Starting the sandbox EHR, the vendors' simulators and every role ...")
    _start_sandbox(place, processes)
    for role in ROLES:
        processes.start(role, "-m", "app.cli", "--config", str(place.config), "run", role)
    if not wait_until(lambda: stop.is_set() or _all_answer(place), START_SECONDS):
        raise click.ClickException(f"Not everything started; see {place.data / 'logs'}.")
    if stop.is_set():
        return
    backend = people.Backend(
        place.api_url,
        Signer.open(place.data / "keys"),
        site.TENANT,
        f"{place.ehr_url}/fhir",
    )
    _announce(place)
    for wearer in people.link_all(backend):
        click.echo(f"  {wearer.patient} linked {wearer.vendor}; a year of data is coming in")
    _pair_patch(place, processes, backend)


def _start_sandbox(place: Site, processes: Processes) -> None:
    processes.start(
        "sandbox-ehr",
        *("-m", "sandbox.ehr", "--listen", f"127.0.0.1:{place.ports['EHR']}"),
        *("--url", place.ehr_url, "--data", str(place.data / "ehr")),
        *("--clients", str(place.clients), "--app-launch-url", f"{place.web_url}/launch.html"),
    )
    processes.start(
        "sandbox-vendors",
        *("-m", "sandbox.vendors", "--listen", f"127.0.0.1:{place.ports['vendors']}"),
        *("--url", place.vendors_url, "--data", str(place.data / "vendors")),
        *("--apps", str(place.apps), "--rate-scale", str(site.RATE_SCALE)),
    )


def _pair_patch(place: Site, processes: Processes, backend: people.Backend) -> None:
    """Give the simulated ECG patch its token and switch it on."""
    token = place.data / "keys" / "patch-token"
    token.touch(mode=0o600)
    token.write_text(backend.ecg_token(people.PATCH_PATIENT))
    processes.start(
        _PATCH,
        *("-m", "sandbox.patient", "--gateway", f"{place.gateway_url}/ecg"),
        *("--token-file", str(token), "--data", str(place.data / "patch")),
        *("--stored-hour", "--live"),
    )
    click.echo(f"  {people.PATCH_PATIENT}'s ECG patch syncs its last hour, then streams live")


def _all_answer(place: Site) -> bool:
    gateway = place.gateway_url.replace("ws://", "http://")
    urls = (
        f"{place.ehr_url}/fhir/metadata",
        f"{place.vendors_url}/healthz",
        f"{place.web_url}/healthz",
        f"{place.api_url}/healthz",
        f"{gateway}/healthz",
    )
    return all(map(_answers, urls))


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _announce(place: Site) -> None:
    click.echo(
        f"\n  Open  {place.ehr_url}\n\n"
        "  1. Choose Marit Solheim in the work-list: her chart opens with Wristchart in it.\n"
        "  2. Within seconds her ECG patch has synced and a Flag appears in the chart's banner.\n"
        "  3. Read the finding and its ECG strip, then click Acknowledge:\n"
        "     the banner shows who acknowledged it.\n\n"
        "  Ctrl-C stops everything.\n"
    )


def _keep_running(place: Site, processes: Processes, stop: threading.Event) -> None:
    log = structlog.get_logger()
    while not stop.wait(0.5):
        if not place.config.exists():
            raise click.ClickException(f"{place.data} was removed meanwhile: start the demo again.")
        for name in processes.revive():
            log.warning("started again", process=name)
