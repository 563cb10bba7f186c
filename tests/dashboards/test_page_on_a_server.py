"""The page as HTTP: what stands in it before anybody asks for a patient, and what callbacks say."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.dashboards.fake_services import PATH, FakeServices
from tests.dashboards.serving import application

VIEWPORT = {"theme": "light", "compact": False, "visit": "one"}


@pytest.fixture
def client(services: FakeServices) -> FlaskClient:
    return application(services).test_client()


def prop(wire: str, name: str, value: Any) -> dict[str, Any]:
    return {"id": wire, "property": name, "value": value}


def show_timeline(
    client: FlaskClient, path: str = PATH, days: str = "90", by: str = "range", drawn: Any = None
) -> Any:
    names = ("timeline.figure", "timeline.style", "timeline-image.aria-label", "summary.children")
    names += ("facts.children", "missing.children", "sync.children", "legend.children")
    names += ("invitation.hidden", "invitation.open", "invitation-title.children")
    names += ("drawn.data", "verdicts.children", "look-again.data")
    outputs = [dict(zip(("id", "property"), name.split("."), strict=True)) for name in names]
    inputs = [prop("range", "data", days), prop("viewport", "data", VIEWPORT)]
    return client.post(
        "/c/_dash-update-component",
        json={
            "output": f"..{'...'.join(names)}..",
            "outputs": outputs,
            "inputs": [*inputs, prop("revision", "data", None), prop("fresh", "data", 1)],
            "changedPropIds": [f"{by}.data"],
            "state": [prop("drawn", "data", drawn), prop("url", "pathname", path)],
        },
    )


def test_the_layout_holds_nobodys_data(client: FlaskClient, services: FakeServices) -> None:
    layout = client.get("/c/_dash-layout").text
    assert "Solheim" not in layout
    assert "004417" not in layout
    assert services.calls == []


def test_the_page_asks_no_other_server(client: FlaskClient) -> None:
    page = client.get(PATH).text
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []
    assert '<html lang="en">' in page


def test_the_chart_library_is_ours_and_may_be_kept(client: FlaskClient) -> None:
    page = client.get(PATH).text
    (address,) = re.findall(r'src="(/c/assets/plotly-basic-[^"]+)"', page)
    kept = client.get(address).headers["Cache-Control"]
    assert kept == "public, max-age=31536000, immutable"


def test_a_callback_answers_for_its_own_context(client: FlaskClient) -> None:
    answer = show_timeline(client).json["response"]
    assert "Apixaban" in answer["timeline-image"]["aria-label"]
    assert answer["invitation"]["hidden"] is False


def test_the_timeline_in_one_sentence(client: FlaskClient) -> None:
    sentence = show_timeline(client).json["response"]["timeline-image"]["aria-label"]
    assert sentence == (
        "Timeline 23 Aug 2026 to 20 Nov 2026; taking Apixaban 5 mg BID, "
        "Metoprolol succinate 100 mg, Lisinopril 10 mg, Sertraline 50 mg; "
        "21 possible atrial fibrillation episodes; resting heart rate median 62 bpm."
    )


@pytest.mark.parametrize("path", ["/c/somebody-elses-context/", "/c/", "", None])
def test_another_context_gets_a_notice_and_nothing_else(
    client: FlaskClient, services: FakeServices, path: str
) -> None:
    answer = show_timeline(client, path)
    assert "This session has ended" in answer.text
    assert "Apixaban" not in answer.text
    assert services.calls == []


@pytest.mark.parametrize("days", ["7", "100000", "-1", "x", None])
def test_only_the_four_ranges_are_read(
    client: FlaskClient, services: FakeServices, days: str
) -> None:
    assert show_timeline(client, days=days).status_code == 204
    assert services.calls == []


def test_missing_parts_are_named_and_the_rest_is_shown(
    client: FlaskClient, services: FakeServices
) -> None:
    services.missing = {"Wearable data"}
    answer = show_timeline(client).text
    assert "Wearable data could not be read: no answer from the service" in answer
    assert "Apixaban" in answer


def test_what_could_not_be_read_of_the_medications_is_named(
    client: FlaskClient, services: FakeServices
) -> None:
    services.gaps = ("2 statements could not be read: 403",)
    assert "2 statements could not be read: 403" in show_timeline(client).text


def test_an_unexpected_error_says_so_without_its_details(
    client: FlaskClient, services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "rhythm", lambda *_: 1 / 0)
    answer = show_timeline(client).text
    assert "Something went wrong. Nothing was saved." in answer
    assert "division" not in answer


def test_a_second_range_reads_medications_and_days_from_memory(
    client: FlaskClient, services: FakeServices
) -> None:
    show_timeline(client, days="90")
    services.calls.clear()
    show_timeline(client, days="14")
    assert set(services.calls) == {"Rhythm"}


def test_a_look_by_itself_reads_afresh_and_redraws_only_what_changed(
    client: FlaskClient, services: FakeServices
) -> None:
    drawn = show_timeline(client).json["response"]["drawn"]["data"]
    services.calls.clear()
    answer = show_timeline(client, by="fresh", drawn=drawn).json["response"]
    assert {"Medications", "Wearable data"} <= set(services.calls)
    assert set(answer) == {"sync", "look-again"}
    services.drugs.pop()
    answer = show_timeline(client, by="fresh", drawn=drawn).json["response"]
    assert "Sertraline" not in answer["timeline-image"]["aria-label"]
