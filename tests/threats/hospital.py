"""The web application with two patients and the aggregation backend behind it, in this process."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from tests.app.conftest import Browser, Site
from tests.support.episodes import detection
from tests.support.stores import place_wearables_store
from tests.support.stub_ehr import StubEhr, order, patient
from wearable_agg.api.factory import create_api
from wearable_agg.delivery.findings import list_findings, record_started
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate

OF_JONAS = ("Jonas", "Berg", "Sotalol", "patch-of-jonas")


@dataclass
class Hospital:
    """Marit takes apixaban, Jonas sotalol; each has a finding by a patch of his or her own."""

    folder: Path
    findings: dict[str, str] = field(default_factory=dict)
    changes: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Hospital:
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True)
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()
        patients = {"marit": patient(), "jonas": patient("jonas", "Berg")}
        sotalol = {"text": "Sotalol 80 mg"}
        orders = [order(), order("m2", "jonas", medicationCodeableConcept=sotalol)]
        self.ehr = StubEhr(patients=patients, resources={"MedicationRequest": orders})
        url = f"http://127.0.0.1:{self._server.server_port}"
        self.site = Site(self.ehr, self.folder, api_url=url, changes=self.changes)
        place_wearables_store(self.site.settings.wearables_database)
        self._engine = open_database(self.site.settings.wearables_database)
        migrate(self._engine)
        self.api: Flask = create_api(self.site.settings, self._engine, {})
        self.findings = {name: self._finding(name) for name in patients}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._engine.dispose()
        self.ehr.close()

    def browser(self) -> Browser:
        """A browser with cookies of its own."""
        return self.site.browser()

    def acknowledged(self, name: str) -> bool:
        """Whether anybody has acknowledged a patient's finding."""
        with self._engine.connect() as connection:
            [finding] = list_findings(connection, self._person(name))
        return finding["decisions"] != []

    def audited(self, action: str) -> list[str]:
        """The entities of the web application's audit rows with an action."""
        with self.site.parts.store.engine.connect() as connection:
            query = "SELECT entity FROM audit WHERE action = ? ORDER BY sequence"
            return [row[0] for row in connection.exec_driver_sql(query, (action,))]

    def _answer(self, environ: object, start_response: object) -> object:
        return self.api(environ, start_response)  # type: ignore[arg-type]

    def _person(self, name: str) -> int:
        with writing(self._engine) as connection:
            found = person_for(connection, "stub", self.ehr.base, name, True, "Europe/Oslo")
            assert found is not None
            consents.record(connection, "stub", found, [consents.RHYTHM], "I agree")
        return found

    def _finding(self, name: str) -> str:
        onset = datetime.now(UTC) - timedelta(hours=1)
        seen = onset + timedelta(minutes=2)
        begun = detection(
            self._person(name),
            name,
            tenant="stub",
            stream=f"patch-of-{name}/II",
            device=f"patch-of-{name}",
            onset=onset,
            detected_at=seen,
            end=seen,
        )
        with writing(self._engine) as connection:
            record_started(connection, begun)
            [finding] = list_findings(connection, begun.person_id)
        return str(finding["id"])
