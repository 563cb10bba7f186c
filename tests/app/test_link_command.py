"""`wristchart link` and `wristchart people` against a running backend and a store."""

import threading
import tomllib
from datetime import date

import pytest
from click.testing import CliRunner
from werkzeug.serving import make_server

from app.cli import main
from app.demo import site as demo_site
from app.demo.site import Site
from config.settings import Settings
from wearable_agg.api.factory import create_api
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate
from wearable_agg.vendors.registry import VENDORS


@pytest.fixture
def place(tmp_path):
    """The settings file of a site whose api runs in this process."""
    made = Site(tmp_path / "data", 20400)
    demo_site.write(made)
    settings = Settings.load(made.config)
    engine = open_database(settings.wearables_database)
    migrate(engine)
    server = make_server("127.0.0.1", 0, create_api(settings, engine, VENDORS), threaded=True)
    address = f"http://127.0.0.1:{server.server_port}"
    made.config.write_text(made.config.read_text().replace(made.api_url, address))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield made.config, engine
    server.shutdown()
    server.server_close()
    thread.join()
    engine.dispose()


def run(config, *arguments):
    return CliRunner().invoke(main, ["--config", str(config), *arguments])


def test_a_link_its_qr_code_and_the_code_to_tell_are_printed(place):
    config, _ = place
    asked = ("--patient", "marit-solheim", "--vendor", "withings", "--by", "Ann")
    answer = run(config, "link", *asked, "--birth-date", str(date(1958, 3, 14)))
    assert answer.exit_code == 0, answer.output
    assert "/link/" in answer.output.splitlines()[0]
    assert answer.output.splitlines()[0].endswith("?vendor=withings")
    assert "█" in answer.output or "▀" in answer.output
    assert "Code to tell the patient in person: " in answer.output


def test_why_no_invitation_was_made_is_said(place):
    config, _ = place
    unknown = run(config, "link", "--patient", "p", "--vendor", "abacus", "--by", "Ann")
    assert "withings" in unknown.output
    missing = run(config, "link", "--patient", "p", "--by", "Ann")
    assert (missing.exit_code, "date of birth" in missing.output) == (1, True)


def test_records_are_merged_and_taken_apart(place):
    config, engine = place
    issuer = tomllib.loads(config.read_text())["tenant"][0]["issuer"]
    with writing(engine) as connection:
        for patient in ("old", "new"):
            person_for(connection, "sandbox", issuer, patient, create=True)
    assert "is merged into new" in run(config, "people", "merge", "old", "new", "--by", "A").output
    again = run(config, "people", "merge", "old", "new", "--by", "A")
    assert (again.exit_code, "one person already" in again.output) == (1, True)
    assert run(config, "people", "unmerge", "old", "--by", "A").exit_code == 0


def test_which_source_is_believed_first_is_stated_and_shown(place):
    config, engine = place
    issuer = tomllib.loads(config.read_text())["tenant"][0]["issuer"]
    with writing(engine) as connection:
        person_for(connection, "sandbox", issuer, "kari", create=True)
    usual = run(config, "people", "sources", "kari").output
    assert "steps: google_health, apple/watch, withings, apple/" in usual
    stated = run(config, "people", "sources", "kari", "steps", "withings", "apple/", "--by", "A")
    assert "steps: withings, apple/\n" in stated.output
    assert "steps: withings, apple/\n" in run(config, "people", "sources", "kari").output
    with engine.connect() as connection:
        said = connection.exec_driver_sql("SELECT action, actor FROM audit").all()
    assert ("sources.stated", "operator/A") in [tuple(one) for one in said]
    assert run(config, "people", "sources", "kari", "steps", "--usual", "--by", "A").output == usual


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("kari", "steps", "withings"), "--by NAME"),
        (("kari", "steps", "--by", "A"), "--usual"),
        (("kari", "steps", "withings", "--usual", "--by", "A"), "--usual"),
        (("kari", "--usual", "--by", "A"), "TYPE"),
        (("kari", "mood", "withings", "--by", "A"), "mood is not told by several"),
        (("nobody", "steps", "withings", "--by", "A"), "nothing is known of nobody"),
    ],
)
def test_an_order_that_cannot_hold_is_refused(place, arguments, reason):
    config, engine = place
    issuer = tomllib.loads(config.read_text())["tenant"][0]["issuer"]
    with writing(engine) as connection:
        person_for(connection, "sandbox", issuer, "kari", create=True)
    refused = run(config, "people", "sources", *arguments)
    assert (refused.exit_code != 0, reason in refused.output) == (True, True), refused.output
