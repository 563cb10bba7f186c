from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from urllib.parse import quote

import pytest
import structlog

from app.running import configure_logging
from tests.conformance.browser import Browser
from tests.conformance.site import Site
from wearable_agg.store.clock import now_micros

pytestmark = pytest.mark.threat("T44")

SMUGGLED = [
    "a\r\nlevel=info event=granted",
    'a\n{"event": "granted"}',
    "\x1b[2Jcleared",
    "a\x00b",
    "\u202egnp.exe",
    "a\u2028b\u2029c\x85d",
]


@pytest.fixture
def log() -> Iterator[StringIO]:
    """What the running role would write to its log."""
    configure_logging("web")
    written = StringIO()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=written))
    yield written
    structlog.reset_defaults()


@pytest.mark.parametrize("text", SMUGGLED)
def test_what_others_send_stays_inside_its_line_of_the_log(
    site: Site, log: StringIO, text: str
) -> None:
    browser = Browser()
    browser.get(f"{site.url}/callback?error={quote(text)}")
    browser.get(f"{site.url}/launch?launch=l&iss={quote(text)}")
    lines = log.getvalue().split("\n")
    assert [json.loads(line)["event"] for line in lines if line] == ["problem", "problem"]
    assert all(" " <= character <= "~" for line in lines for character in line)
    assert any("error without state" in line for line in lines)


@pytest.mark.parametrize("text", SMUGGLED)
def test_what_others_send_stays_inside_its_row_of_the_audit_trail(site: Site, text: str) -> None:
    before = now_micros()
    Browser().get(f"{site.url}/launch?launch=l&iss={quote(text)}")
    with site.parts.store.engine.connect() as connection:
        [row] = connection.exec_driver_sql("SELECT action, detail, at FROM audit")
    assert row.action == "launch.refused"
    assert json.loads(row.detail) == {"issuer": text}
    assert row.at >= before
