"""How fast webhooks are accepted, and how fast a year of heart rate is answered.

    python -m bench.intake [--seconds N]

The API runs as it does in its role (waitress, eight threads, SQLite with synchronous=FULL) in a
process of its own. Notifications of Withings', each different, are sent 100 a second whether or not
the earlier ones are answered; their time counts from when they were due to be sent. An answer means
that the notification is on disk. The year is one of a heart rate every ten minutes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import requests

from bench.measurements import START, batches, written
from config.settings import Listen, Settings, Tenant, VendorApp
from safeguards.assertions import Asker, Signer
from wearable_agg.measurements.types import TYPES
from wearable_agg.people.consents import record
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate

RATE = 100
GOAL_WEBHOOK_MILLISECONDS = 100.0
GOAL_YEAR_MILLISECONDS = 20.0
SECRET = "bench-unguessable"  # noqa: S105  # of a server that lives as long as the bench


def settings_in(folder: Path, port: int) -> Settings:
    """Return the settings of a site with one vendor that does not sign."""
    here = f"http://127.0.0.1:{port}"
    nowhere = "http://127.0.0.1:9"
    app = VendorApp(
        vendor="withings",
        client_id="bench",
        client_secret=SECRET,
        authorize_url=nowhere,
        token_url=nowhere,
        api_url=nowhere,
        revoke_url=nowhere,
        redirect_uri=nowhere,
        webhook_secret=SECRET,
    )
    tenant = Tenant("bench", "Bench", "bench", "Europe/Oslo", "bench", (), (), "bench", ())
    other = Listen("127.0.0.1", 9, nowhere)
    return Settings(
        data=folder,
        web=other,
        api=Listen("127.0.0.1", port, here),
        gateway=other,
        tenants=(tenant,),
        vendors={"withings": app},
    )


def serve(settings: Settings) -> None:
    """Run the api role until the process is ended."""
    from app.roles.api import run

    run(settings, threading.Event())


def percentiles(milliseconds: Sequence[float]) -> tuple[float, float]:
    """Return the median and the 99th percentile."""
    ordered = sorted(milliseconds)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]


def webhooks(url: str, seconds: int) -> list[float]:
    """Send notifications at a steady rate; return how long each took."""
    sessions = threading.local()
    began = time.perf_counter() + 0.5

    def send(number: int) -> float:
        due = began + number / RATE
        time.sleep(max(0.0, due - time.perf_counter()))
        if not hasattr(sessions, "one"):
            sessions.one = requests.Session()
        form = {"userid": "1", "appli": "4", "startdate": str(number), "enddate": str(number + 60)}
        answer = sessions.one.post(f"{url}/webhooks/withings/{SECRET}", data=form, timeout=10)
        if answer.status_code != 200:
            raise RuntimeError(f"not accepted: {answer.status_code}")
        return (time.perf_counter() - due) * 1000

    with ThreadPoolExecutor(16) as pool:
        return list(pool.map(send, range(RATE * seconds)))


def years(ask: Callable[[], requests.Response], times: int = 300) -> list[float]:
    """Ask for the year again and again; return how long each answer took."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        answer = ask()
        took.append((time.perf_counter() - began) * 1000)
        if answer.status_code != 200 or len(answer.json()["buckets"]) < 365:
            raise RuntimeError(f"not the year: {answer.status_code} {answer.text[:200]}")
    return took


def asking(settings: Settings) -> Callable[[], requests.Response]:
    """Return a request for the year of the one person, as the app sends it."""
    asker = Asker(
        tenant="bench",
        issuer="bench",
        patient="year",
        user="Practitioner/bench",
        user_name="Bench",
        context="bench",
        scopes=frozenset({"chart.read"}),
    )
    signer = Signer.open(settings.keys)
    session = requests.Session()
    span = {"from": START.isoformat(), "to": (START + timedelta(days=366)).isoformat()}
    url = f"{settings.api.url}/api/v1/patient/heart-rate"

    def ask() -> requests.Response:
        bearer = {"Authorization": f"Bearer {signer.sign(asker, 'wristchart-api')}"}
        return session.get(url, params=span, headers=bearer, timeout=10)

    return ask


def fill(settings: Settings) -> None:
    """Store a year of heart rate of one person."""
    engine = open_database(settings.wearables_database)
    migrate(engine)
    with writing(engine) as connection:
        person = person_for(connection, "bench", "bench", "year", True, "Europe/Oslo") or 0
        record(connection, "bench", person, {kind.topic for kind in TYPES.values()}, "bench")
    written(engine, person, batches(366 * 144, "heart_rate", timedelta(minutes=10)))
    engine.dispose()


def kept(settings: Settings) -> int:
    """Return how many notifications are on disk."""
    engine = open_database(settings.wearables_database)
    with engine.connect() as connection:
        count = connection.exec_driver_sql("SELECT count(*) FROM inbox").scalar_one()
    engine.dispose()
    return int(count)


def main() -> int:
    """Run from the command line; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=int, default=20)
    seconds = parser.parse_args().seconds
    with tempfile.TemporaryDirectory() as folder, socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        settings = settings_in(Path(folder), free.getsockname()[1])
        free.close()
        fill(settings)
        server = multiprocessing.get_context("spawn").Process(target=serve, args=(settings,))
        server.start()
        try:
            _wait_for(settings.api.url)
            accepted = webhooks(settings.api.url, seconds)
            answered = years(asking(settings))
        finally:
            server.terminate()
            server.join()
        on_disk = kept(settings)
    for name, took, goal in (
        (f"webhooks accepted, {RATE} a second", accepted, GOAL_WEBHOOK_MILLISECONDS),
        ("a year of heart rate by the API", answered, GOAL_YEAR_MILLISECONDS),
    ):
        median, slow = percentiles(took)
        print(f"  {name:34} median {median:6.1f} ms, p99 {slow:6.1f} ms (goal {goal:g})")
    print(f"  {len(accepted)} accepted, {on_disk} on disk")
    met = percentiles(accepted)[1] < GOAL_WEBHOOK_MILLISECONDS
    met &= percentiles(answered)[1] < GOAL_YEAR_MILLISECONDS
    return 0 if met and on_disk == len(accepted) else 1


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            requests.get(f"{url}/healthz", timeout=1)
            return
        except requests.ConnectionError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    raise SystemExit(main())
