"""A host that is no part of the EHR: whoever reaches it with a token has lost the token."""

from __future__ import annotations

from tests.conformance.simulator.recording import Recording, Sent
from tests.conformance.simulator.server import Answer, LoopbackServer, of_json


class OtherHost:
    """Answers everything with an empty bundle; what it was sent stands in the recording."""

    def __init__(self, recording: Recording, name: str = "elsewhere") -> None:
        self._server = LoopbackServer(name, recording, self._answer, host="127.0.0.1")
        self.url = self._server.url

    def close(self) -> None:
        """Stop listening."""
        self._server.close()

    def _answer(self, sent: Sent) -> Answer:
        return of_json({"resourceType": "Bundle", "type": "searchset", "entry": []})
