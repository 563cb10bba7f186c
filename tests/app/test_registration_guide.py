"""docs/register.md says what the registration page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.registration_guide import WEB, guide
from app.registration_values import systems
from config.settings import Settings, Tenant

DOCUMENT = Path(__file__).parents[2] / "docs" / "register.md"
TENANT_SETTINGS = set(Tenant.__dataclass_fields__) - {
    *("id", "name", "timezone", "client_secret"),
    *("allow_http", "upload_days", "quarantine_seconds"),
}


def test_the_document_is_the_one_that_is_made():
    assert DOCUMENT.read_text("utf-8") == guide(), (
        "run: python -m app.registration_guide docs/register.md"
    )


@pytest.mark.parametrize("system", systems(WEB), ids=lambda system: system.id)
def test_every_value_of_every_ehr_is_in_it(system):
    text = guide()
    assert f"### {system.name}" in text
    assert all(field.value in text for field in system.fields)
    assert all(fact.text in text and fact.source in text for fact in system.facts)


@pytest.mark.parametrize("name", sorted(TENANT_SETTINGS))
def test_every_setting_of_a_tenant_is_explained(name):
    assert f"`{name}`" in guide()


def test_the_smallest_file_in_it_can_be_read(tmp_path):
    found = re.search(r"```toml\n(.*?)```", guide(), re.DOTALL)
    assert found
    (tmp_path / "site.toml").write_text(found[1])
    assert Settings.load(tmp_path / "site.toml").web.url == WEB
