from ipaddress import ip_address

import pytest

from safeguards.egress_addresses import Reach, inside

HOSPITAL = Reach.of(["10.20.0.0/16", "fd12:3456::/32"])


@pytest.mark.parametrize(
    ("host", "address", "permitted"),
    [
        ("ehr.example", "93.184.216.34", True),
        ("ehr.example", "2606:2800:220:1::1", True),
        ("ehr.example", "10.20.1.2", True),
        ("ehr.example", "10.21.1.2", False),
        ("ehr.example", "fd12:3456::1", True),
        ("ehr.example", "fd99::1", False),
        ("ehr.example", "::ffff:10.21.1.2", False),
        ("ehr.example", "64:ff9b::5db8:d822", True),
        ("ehr.example", "64:ff9b::a15:102", False),
        ("ehr.example", "127.0.0.1", False),
        ("localhost", "127.0.0.1", True),
        ("ehr.localhost", "::1", True),
        ("127.0.0.1", "127.0.0.1", True),
        ("localhost", "10.20.1.2", False),
        ("localhost", "93.184.216.34", False),
    ],
)
def test_what_a_name_may_stand_for(host: str, address: str, permitted: bool) -> None:
    assert HOSPITAL.permits(host, ip_address(address)) is permitted


@pytest.mark.parametrize("network", ["10.0.0.1/8", "hospital", "10.0.0.0/33"])
def test_a_network_that_is_none_is_not_read(network: str) -> None:
    with pytest.raises(ValueError, match=network):
        Reach.of([network])


def test_beneath_a_base() -> None:
    assert inside("https://e.example/fhir/", "https://E.example:443/fhir/Patient/1")
    assert not inside("https://e.example/fhir", "https://e.example/fhi")
