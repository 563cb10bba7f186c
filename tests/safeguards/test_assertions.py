import pytest

from safeguards.assertions import Asker, NotAuthentic, Signer, Verifier

ASKER = Asker(
    "t", "https://ehr/fhir", "p1", "Practitioner/1", "Dr", "c1", frozenset({"chart.read"})
)


def test_the_verifier_learns_who_asks(tmp_path):
    token = Signer.open(tmp_path).sign(ASKER, "api")
    assert Verifier.open(tmp_path).verify(token, "api") == ASKER


def test_another_audience_is_refused(tmp_path):
    token = Signer.open(tmp_path).sign(ASKER, "gateway")
    with pytest.raises(NotAuthentic):
        Verifier.open(tmp_path).verify(token, "api")


def test_an_expired_assertion_is_refused(tmp_path):
    token = Signer.open(tmp_path).sign(ASKER, "api", seconds=-10)
    with pytest.raises(NotAuthentic):
        Verifier.open(tmp_path).verify(token, "api")


def test_another_sites_key_is_refused(tmp_path):
    token = Signer.open(tmp_path / "theirs").sign(ASKER, "api")
    with pytest.raises(NotAuthentic):
        Verifier.open(tmp_path / "ours").verify(token, "api")


@pytest.mark.parametrize("token", ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "x" * 20_000])
def test_rubbish_is_refused(tmp_path, token):
    with pytest.raises(NotAuthentic):
        Verifier.open(tmp_path).verify(token, "api")
