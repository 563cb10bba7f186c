"""Smaller answers: what the page asks for as it is made, files once for all."""

from __future__ import annotations

from typing import Any

import brotli  # type: ignore[import-untyped]  # ships no types
from flask import Flask, Response, request
from flask_compress import Compress

FILES = ("/static/", "/c/assets/", "/c/_dash-component-suites/")
TEXTS = ("text/", "application/javascript", "application/json", "image/svg+xml")
FILE_QUALITY = 6  # within 5 % of the best quality, at a thirtieth of its time
ANSWER_QUALITY = 4
WORTH_IT = 1_000


def compress(server: Flask) -> None:
    """Compress what `server` answers, where the browser takes it."""
    server.config.update(
        COMPRESS_MIMETYPES=["application/json", "text/html", "text/css"],
        COMPRESS_ALGORITHM=["br", "gzip"],
        COMPRESS_BR_LEVEL=ANSWER_QUALITY,
        COMPRESS_MIN_SIZE=WORTH_IT,
    )
    Compress(server)
    server.after_request(_FileCompression())


class _FileCompression:
    """Keeps compressed files in memory by address and ETag; there are a few dozen of them.

    Dash's own files have no ETag: their address holds their version.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], bytes] = {}

    def __call__(self, response: Response) -> Any:
        etag, _ = response.get_etag()
        if not _compressible(response):
            return response
        key = (request.path, etag or "")
        if key not in self._kept:
            response.direct_passthrough = False
            self._kept[key] = brotli.compress(response.get_data(), quality=FILE_QUALITY)
        smaller = Response(self._kept[key], headers=dict(response.headers))
        smaller.headers["Content-Encoding"] = "br"
        smaller.headers["Vary"] = "Accept-Encoding"
        smaller.headers["Content-Length"] = str(len(self._kept[key]))
        if etag is not None:
            smaller.set_etag(etag, weak=True)
        response.close()
        return smaller


def _compressible(response: Response) -> bool:
    return (
        request.path.startswith(FILES)
        and request.method == "GET"
        and response.status_code == 200
        and "Content-Encoding" not in response.headers
        and request.accept_encodings.quality("br") > 0
        and (response.mimetype or "").startswith((*TEXTS, "text/javascript"))
    )
