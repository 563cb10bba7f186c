import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safeguards.strict_json import Malformed, dumps, is_doubtful, loads, loads_around


def test_plain_json_is_read():
    assert loads(b'{"a": [1, 2.5, "x", null, true]}') == {"a": [1, 2.5, "x", None, True]}


@pytest.mark.threat("T24")
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


@pytest.mark.threat("T24")
def test_not_a_number_is_never_written():
    with pytest.raises(ValueError, match="Out of range"):
        dumps({"a": float("nan")})


@pytest.mark.parametrize(
    "raw",
    [
        '["[", "\\\\", "]"]',
        '["\\\\\\"[[[", {"a]": "}{"}]',
        '{"": {"\\"": []}}',
        '"' + '\\"[' * 200 + '"',
        "[" * 59 + '{"[[": "{{"}' + "]" * 59,
    ],
)
def test_depth_is_counted_outside_of_strings_only(raw):
    assert loads(raw) == json.loads(raw)


@given(
    st.recursive(st.text('[]{}"\\:,a') | st.integers(), lambda inner: st.lists(inner, max_size=3))
)
def test_whatever_is_written_is_read_again(value):
    assert loads(json.dumps(value)) == value


@pytest.mark.threat("T24")
def test_too_deep_is_too_deep_whatever_the_brackets():
    for depth, refused in ((30, False), (31, True)):
        raw = '{"a":[' * depth + "1" + "]}" * depth
        if refused:
            with pytest.raises(Malformed):
                loads(raw)
        else:
            assert loads(raw)


@pytest.mark.parametrize("bad", ['{"a": 1, "a": 1}', "NaN", "1e999", "9" * 500, "-Infinity"])
def test_around_what_is_ambiguous_the_rest_is_read(bad):
    good, doubtful = loads_around(f'[{{"b": 2}}, {{"c": [{bad}]}}]')
    assert (good, is_doubtful(good), is_doubtful(doubtful)) == ({"b": 2}, False, True)


def test_what_is_no_json_is_not_read_around():
    with pytest.raises(Malformed):
        loads_around('[{"a": 1}, {]')


@pytest.mark.threat("T24")
@pytest.mark.parametrize("raw", ["[" * 8_000_000, '{"a":' * 2_000_000, '"\\' * 4_000_000])
def test_a_bomb_is_refused_at_once(raw):
    began = time.process_time()
    with pytest.raises(Malformed):
        loads(raw, limit=16_000_000)
    assert time.process_time() - began < 2.0
