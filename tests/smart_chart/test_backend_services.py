"""Access of the delivery role: one token until shortly before it expires."""

from dataclasses import replace

import pytest
import requests

from smart.backend_services import BackendToken
from smart.ehr import Ehr
from smart.errors import EhrMisconfigured
from smart.keys import ClientKeys
from tests.support.client_keys import client_keys


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def access(ehr, tmp_path, clock):
    return BackendToken(Ehr(ehr.tenant, client_keys(tmp_path / "keys")), clock)


def reads(ehr, token):
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{ehr.issuer}/Flag", headers=headers, timeout=5).status_code


def test_the_token_opens_the_chart(ehr, access):
    assert reads(ehr, access.token()) == 200


def test_the_token_is_kept_until_half_a_minute_before_it_expires(access, clock):
    first = access.token()
    clock.now = 269.0
    assert access.token() == first
    clock.now = 271.0
    assert access.token() != first


def test_a_refused_token_is_replaced_once(access):
    first = access.token()
    second = access.renewed(first)
    assert second != first
    assert access.renewed(first) == second


def test_what_was_granted_is_what_is_allowed(access):
    assert access.allows("Flag", "c")
    assert not access.allows("Flag", "d")
    assert not access.allows("Condition", "c")


def test_a_client_the_ehr_does_not_know_gets_none(ehr, tmp_path):
    stranger = BackendToken(Ehr(ehr.tenant, ClientKeys.open(tmp_path / "other")))
    with pytest.raises(EhrMisconfigured, match="invalid_client"):
        stranger.token()


def test_scopes_the_ehr_gives_none_of_are_an_error(ehr, tmp_path):
    tenant = replace(ehr.tenant, backend_scopes=("system/Condition.c",))
    greedy = BackendToken(Ehr(tenant, client_keys(tmp_path / "keys")))
    with pytest.raises(EhrMisconfigured, match="invalid_scope"):
        greedy.token()
