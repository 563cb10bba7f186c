"""The stack behind proxies: over https under names, or with answers changed on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.demo.site import Site
from tests.support.stack import Stack, free_ports
from tests.support.tls import Authority, Front, Proxies

EHR, APP = "ehr.test", "app.test"
ROLES = ("web", "api")


@dataclass(frozen=True, slots=True)
class FrontedSite(Site):
    """A site whose browser meets other addresses than its processes listen on."""

    ehr: str
    web: str

    @property
    def ehr_url(self) -> str:
        return self.ehr

    @property
    def web_url(self) -> str:
        return self.web


class PlainStack(Stack):
    """http on loopback, as in the demo; `front` can take what browsers lack out of answers."""

    def __init__(self, folder: Path, proxies: Proxies) -> None:
        first = free_ports()
        self.front: Front = proxies.in_front_of(Site(folder, first).ports["web"])
        ehr, web = f"http://localhost:{first}", f"http://127.0.0.1:{self.front.port}"
        super().__init__(folder, ROLES, place=FrontedSite(folder / "data", first, ehr, web))


class TlsStack(Stack):
    """https://ehr.test and https://app.test, each behind TLS by an authority nobody else trusts."""

    def __init__(self, folder: Path, proxies: Proxies) -> None:
        first = free_ports()
        ports = Site(folder, first).ports
        self.authority = Authority(folder)
        self.fronts = {
            EHR: proxies.in_front_of(ports["EHR"], self.authority.server(EHR)),
            APP: proxies.in_front_of(ports["web"], self.authority.server(APP)),
        }
        place = FrontedSite(folder / "data", first, f"https://{EHR}", f"https://{APP}")
        super().__init__(folder, ROLES, place=place)
        self._let_the_servers_meet(proxies.to_hosts({EHR: self.fronts[EHR].port}))

    def chromium_arguments(self) -> list[str]:
        """What lets Chromium find the two names and trust the authority, by the hash of its key."""
        mapped = ", ".join(f"MAP {host} 127.0.0.1:{one.port}" for host, one in self.fronts.items())
        return [
            f"--host-resolver-rules={mapped}",
            f"--ignore-certificate-errors-spki-list={self.authority.key_hash}",
        ]

    def _let_the_servers_meet(self, proxy: int) -> None:
        """The app reaches the EHR by proxy and CA bundle; the EHR reads the app's keys directly."""
        ways = f'ca_bundle = "{self.authority.bundle}"\nproxy = "http://127.0.0.1:{proxy}"'
        _replace(self.site.config, "allow_http = true", ways)
        _replace(
            self.site.clients,
            f"{self.site.web_url}/.well-known",
            f"{self._loopback('web')}/.well-known",
        )


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), "utf-8")
