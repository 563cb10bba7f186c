"""Consent, asked in the transaction that decides a send."""

import pytest

from wearable_agg.people.consents import RHYTHM, record, revoke
from wearable_agg.store.database import writing


@pytest.mark.threat("T42")
def test_a_finding_of_somebody_who_withdrew_is_not_sent(site, detect):
    with writing(site.store) as connection:
        record(connection, "sandbox", site.person, [RHYTHM], "I agree")
    site.detect(detect())
    with writing(site.store) as connection:
        revoke(connection, site.person, [RHYTHM])
    site.deliver()
    assert site.states() == ["parked"]


@pytest.mark.threat("T42")
def test_a_finding_of_somebody_who_never_said_anything_is_not_sent(site, detect):
    with writing(site.store) as connection:
        connection.exec_driver_sql("DELETE FROM consents")
    site.detect(detect())
    site.deliver()
    assert site.states() == ["parked"]
