import threading

import pytest

from tests.support.backend import link_person
from wearable_agg.people.accounts import BROKEN, account
from wearable_agg.vendors.protocol import LinkBroken, VendorDown


@pytest.fixture
def desk(world):
    return world.sites["band"].desk


def test_tokens_with_time_left_are_handed_out_as_they_are(world, desk, linked):
    assert desk.tokens(linked)[0].access == "access-1"
    assert world.band.refreshed == 0


def test_an_expiring_token_is_refreshed_once_for_all_who_ask(world, desk):
    linked = link_person(world, seconds=5)
    got = []
    threads = [threading.Thread(target=lambda: got.append(desk.tokens(linked))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert world.band.refreshed == 1
    assert {(tokens.access, version) for tokens, version in got} == {("access-2", 2)}


def test_a_refused_token_is_replaced_though_it_has_time_left(world, desk, linked):
    tokens, version = desk.tokens(linked, refused_version=1)
    assert (tokens.access, version) == ("access-2", 2)
    assert desk.tokens(linked, refused_version=1)[0].access == "access-2"
    assert world.band.refreshed == 1


def test_a_new_token_is_stored_before_it_is_used(world, desk, linked):
    desk.tokens(linked, refused_version=1)
    with world.engine.connect() as connection:
        kept = account(connection, linked).tokens(world.vault)
    assert (kept.access, kept.refresh) == ("access-2", "refresh-1")


def test_a_refused_refresh_breaks_the_link(world, desk):
    linked = link_person(world, seconds=5)
    world.band.refreshed = 3
    with pytest.raises(LinkBroken):
        desk.tokens(linked)
    with world.engine.connect() as connection:
        assert account(connection, linked).status == BROKEN
    with pytest.raises(LinkBroken):
        desk.tokens(linked)


def test_a_failed_refresh_can_be_tried_again_at_once(world, desk, monkeypatch):
    linked = link_person(world, seconds=5)
    refresh = world.band.refresh

    def down(*_):
        raise VendorDown("no answer")

    monkeypatch.setattr(world.band, "refresh", down)
    with pytest.raises(VendorDown):
        desk.tokens(linked)
    monkeypatch.setattr(world.band, "refresh", refresh)
    assert desk.tokens(linked)[0].access == "access-2"
