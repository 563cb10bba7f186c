"""An export's bytes, cleaned of what would stop or subvert a parser.

Exports carry a document type of their own, which since iOS 16 is malformed, and characters that
XML forbids. The type is cut out unread, so that no entity is ever declared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from safeguards.strict_json import Malformed

CHUNK = 1 << 18
LONGEST_DOCTYPE = 1 << 17

_FORBIDDEN = bytes(code for code in range(32) if code not in b"\t\n\r")
_FORBIDDEN_REFERENCE = re.compile(
    rb"&#(?:x0*(?:[0-8bcefBCEF]|1[0-9a-fA-F])|0*(?:[0-8]|1[124-9]|2\d|3[01]));"
)
_LONGEST_REFERENCE = 16
_END_OF_SUBSET = re.compile(rb"\]\s*>")
_UTF_8_MARK = b"\xef\xbb\xbf"


def clean(source: BinaryIO) -> Iterator[bytes]:
    """Yield the document in pieces, without document type and forbidden characters.

    Raises Malformed where the document type does not end or the text is not UTF-8 by its mark.
    """
    rest = _without_doctype(source.read(LONGEST_DOCTYPE + CHUNK))
    while rest:
        piece, rest = _split(rest)
        yield _FORBIDDEN_REFERENCE.sub(b"", piece) if b"&#" in piece else piece
        more = source.read(CHUNK).translate(None, _FORBIDDEN)
        if not more:
            yield _FORBIDDEN_REFERENCE.sub(b"", rest)
            return
        rest += more


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Hold back what may be the beginning of a reference."""
    start = data.rfind(b"&", max(0, len(data) - _LONGEST_REFERENCE))
    return (data, b"") if start < 0 else (data[:start], data[start:])


def _without_doctype(head: bytes) -> bytes:
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise Malformed("not UTF-8")
    head = head.removeprefix(_UTF_8_MARK).translate(None, _FORBIDDEN)
    start = head.find(b"<!DOCTYPE")
    if start < 0:
        return head
    bracket, close = head.find(b"[", start), head.find(b">", start)
    if 0 <= bracket < close:
        found = _END_OF_SUBSET.search(head, bracket)
        end = found.end() if found else -1
    else:
        end = close + 1 if close >= 0 else -1
    if not 0 <= end - start <= LONGEST_DOCTYPE:
        raise Malformed("a document type that does not end")
    return head[:start] + head[end:]
