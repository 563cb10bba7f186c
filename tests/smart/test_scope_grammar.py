from __future__ import annotations

from itertools import combinations

import pytest

from smart.ehr import Ehr
from smart.errors import EhrMisconfigured
from smart.keys import ClientKeys
from smart.scopes import (
    BadScope,
    asked,
    check,
    for_ehr_launch,
    for_standalone,
    is_version_2,
    parse,
    permits,
    reading_only,
    shortest,
    version_1,
    withheld,
)
from tests.support.stub_ehr import StubEhr

URI = "http://smarthealthit.org/fhir/scopes/"
EVERY = ["".join(some) for n in range(1, 6) for some in combinations("cruds", n)]


@pytest.mark.parametrize("letters", EVERY)
@pytest.mark.parametrize("who", ["patient", "user", "system"])
def test_letters_in_order_are_a_scope(who: str, letters: str) -> None:
    scope = parse(f"{who}/Observation.{letters}")
    assert scope is not None
    assert str(scope) == f"{who}/Observation.{letters}"
    assert is_version_2(str(scope))


@pytest.mark.parametrize(
    "wrong",
    [
        "patient/Observation.",
        "patient/Observation.sr",
        "patient/Observation.rr",
        "patient/Observation.dus ",
        "patient/Observation.xyz",
        "patient/observation.r",
        "patient/Observation",
        "patients/Observation.r",
        "/Observation.r",
        "patient/.r",
        "patient/Observation.rs?",
        "patient/Observation.rs?category",
        "patient/Observation.rs?category=",
        "patient/Observation.rs?=a",
        "patient/Observation.rs?a=b&",
        "patient/Observation.read?a=b",
        "patient/Observation.*s",
        "launch/patient",
        "openid",
        "",
    ],
)
def test_anything_else_grants_nothing(wrong: str) -> None:
    assert parse(wrong) is None
    assert not any(permits([wrong], "Observation", letter) for letter in "cruds")


@pytest.mark.parametrize(
    ("scope", "letters"),
    [
        ("patient/Flag.read", "rs"),
        ("patient/Flag.write", "cud"),
        ("patient/Flag.*", "cruds"),
        ("user/*.crus", "crus"),
        ("system/Flag.c?category=safety&status=active", "c"),
        (URI + "patient/Flag.rs", "rs"),
        (URI + "patient/*.read", "rs"),
    ],
)
def test_both_versions_and_the_uri_form_say_what_is_granted(scope: str, letters: str) -> None:
    assert "".join(letter for letter in "cruds" if permits([scope], "Flag", letter)) == letters


@pytest.mark.parametrize(
    "scope",
    [
        "patient/Patient.sr",
        "patient/patient.rs",
        "launch/Patient",
        "launch/patient?role=a&role=b",
        "launch/list?role=",
        "launchpatient",
        'patient/Patient.rs?name="x"',
        "user/x.y",
    ],
)
def test_a_scope_without_meaning_is_not_asked_for(scope: str) -> None:
    with pytest.raises(BadScope):
        check([scope])


def test_what_has_a_meaning_may_be_asked_for() -> None:
    check(
        "launch launch/patient launch/encounter launch/list?role=current openid fhirUser profile "
        "offline_access online_access patient/*.rs user/Observation.rs?category=vital-signs "
        f"system/Flag.crus patient/Patient.read {URI}patient/Patient.rs "
        "https://vendor.example/scopes/extra".split()
    )


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("patient/Flag.r patient/Flag.s", "patient/Flag.rs"),
        ("patient/Flag.s patient/Flag.cr", "patient/Flag.crs"),
        ("patient/*.rs patient/Flag.rs", "patient/*.rs"),
        ("patient/*.rs patient/Flag.crs", "patient/*.rs patient/Flag.crs"),
        ("patient/*.rs user/Flag.rs", "patient/*.rs user/Flag.rs"),
        ("patient/Flag.rs patient/Flag.rs?a=b", "patient/Flag.rs"),
        ("patient/Flag.rs?a=b patient/Flag.rs?a=c", "patient/Flag.rs?a=b patient/Flag.rs?a=c"),
        ("launch openid launch", "launch openid"),
        ("patient/Flag.read", "patient/Flag.rs"),
    ],
)
def test_scopes_are_said_in_their_shortest_form(said: str, meant: str) -> None:
    assert " ".join(shortest(said.split())) == meant


@pytest.mark.parametrize(
    ("new", "old"),
    [
        ("patient/Flag.rs", "patient/Flag.read"),
        ("patient/Flag.r", "patient/Flag.read"),
        ("patient/Flag.cu", "patient/Flag.write"),
        ("patient/Flag.crus", "patient/Flag.read patient/Flag.write"),
        ("patient/*.cruds", "patient/*.*"),
        ("patient/Flag.rs?a=b", "patient/Flag.read"),
        ("launch/patient openid", "launch/patient openid"),
    ],
)
def test_an_old_server_is_asked_in_its_own_words(new: str, old: str) -> None:
    assert " ".join(version_1(new.split())) == old
    assert " ".join(asked(new.split(), version_2=False)) == old


@pytest.mark.parametrize(
    ("said", "scope"),
    [
        ({}, "patient/Patient.rs"),
        ({"capabilities": []}, "patient/Patient.read"),
        ({"capabilities": ["permission-v1"]}, "patient/Patient.read"),
        ({"capabilities": None, "scopes_supported": None}, "patient/Patient.read"),
        ({"capabilities": [], "scopes_supported": ["patient/*.rs"]}, "patient/Patient.rs"),
        ({"capabilities": [], "scopes_supported": ["patient/*.read"]}, "patient/Patient.read"),
        ({"capabilities": ["permission-v1", "permission-v2"]}, "patient/Patient.rs"),
    ],
)
def test_version_1_is_for_servers_that_know_nothing_else(
    ehr: Ehr, stub: StubEhr, said: dict[str, object], scope: str
) -> None:
    stub.configuration = said
    assert ehr.asked(("patient/Patient.rs",)) == (scope,)


def test_a_bad_scope_in_the_registry_is_named(stub: StubEhr, keys: ClientKeys) -> None:
    with pytest.raises(EhrMisconfigured, match=r"patient/Patient\.sr"):
        Ehr(stub.tenant(), keys).asked(("patient/Patient.sr",))


def test_an_ehr_launch_asks_for_the_open_chart_and_a_standalone_one_for_a_patient() -> None:
    wanted = ("launch", "openid", "launch/encounter", "patient/Patient.rs")
    assert for_ehr_launch(wanted) == wanted
    assert for_ehr_launch(wanted[1:])[0] == "launch"
    assert for_standalone(wanted) == (
        "launch/patient",
        "openid",
        "launch/encounter",
        "patient/Patient.rs",
    )


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (
            "launch patient/Flag.crus patient/Patient.rs",
            "launch patient/Flag.rs patient/Patient.rs",
        ),
        ("patient/Flag.c", ""),
        ("patient/Flag.write patient/Flag.*", "patient/Flag.rs"),
    ],
)
def test_what_nobody_granted_in_words_does_not_write(given: str, left: str) -> None:
    assert reading_only(given.split()) == frozenset(left.split())


@pytest.mark.parametrize(
    ("wanted", "granted", "missing"),
    [
        ("patient/Flag.rs", "patient/Flag.rs", ""),
        ("patient/Flag.rs", "patient/Flag.r", "patient/Flag.s"),
        ("patient/Flag.crus", "patient/Flag.read", "patient/Flag.cu"),
        ("patient/Flag.rs openid", "patient/*.cruds", ""),
        ("patient/*.rs", "patient/Flag.rs", ""),
        ("patient/*.rs", "openid", "patient/*.rs"),
    ],
)
def test_what_was_withheld_is_known(wanted: str, granted: str, missing: str) -> None:
    assert " ".join(withheld(wanted.split(), granted.split())) == missing
