import pytest

from safeguards.strict_json import Malformed, dumps, loads


def test_plain_json_is_read():
    assert loads(b'{"a": [1, 2.5, "x", null, true]}') == {"a": [1, 2.5, "x", None, True]}


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"nul",
        b'{"a": 1, "a": 2}',
        b"NaN",
        b"[Infinity]",
        b"[-Infinity]",
        b"1e999",
        b"[-1e999]",
        b"9" * 5000,
        b"[" * 61 + b"]" * 61,
        b'{"a":' * 61 + b"1" + b"}" * 61,
        b"[" * 100_000,
        b"\xff\xfe",
        b'"' + b"a" * 1_000_001 + b'"',
        b'{"a": 1} trailing',
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_is_ambiguous_or_oversized_is_refused(raw):
    with pytest.raises(Malformed):
        loads(raw)


def test_brackets_inside_strings_are_not_nesting():
    assert loads('["' + "[" * 200 + '\\"["]') == ["[" * 200 + '"[']


def test_sixty_levels_are_allowed():
    assert loads("[" * 60 + "]" * 60)


def test_not_a_number_is_never_written():
    with pytest.raises(ValueError, match="Out of range"):
        dumps({"a": float("nan")})
