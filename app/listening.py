"""Whether a role can listen where its settings say, told before anything else is begun."""

from __future__ import annotations

import errno
import socket

import click

from config.settings import Listen

_MENDS = {
    errno.EADDRINUSE: "is in use: stop what listens there, or change port under [{role}]",
    errno.EACCES: "is not allowed to this user: choose a port above 1023 under [{role}]",
    errno.EADDRNOTAVAIL: "is no address of this machine: change host under [{role}]",
}


def require_free(role: str, listen: Listen) -> None:
    """Raise click.ClickException, with the mend, where `role` could not listen."""
    try:
        found = socket.getaddrinfo(
            listen.host or None, listen.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except socket.gaierror as error:
        raise cannot_listen(role, listen, errno.EADDRNOTAVAIL) from error
    faults = [_fault(family, address) for family, _, _, _, address in found]
    grave = [fault for fault in faults if fault in (errno.EADDRINUSE, errno.EACCES)]
    if grave or all(faults):
        raise cannot_listen(role, listen, next(iter(grave), errno.EADDRNOTAVAIL))


def cannot_listen(role: str, listen: Listen, fault: int = errno.EADDRINUSE) -> click.ClickException:
    """Return the error that names the address, what is wrong with it (errno), and the mend."""
    return click.ClickException(f"{listen.host}:{listen.port} {_MENDS[fault].format(role=role)}")


def _fault(family: int, address: object) -> int:
    """Return the errno of binding to an address, 0 where it can be done."""
    try:
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            probe.bind(address)  # type: ignore[arg-type]  # as getaddrinfo gave it
    except OSError as error:
        return error.errno or errno.EADDRNOTAVAIL
    return 0
