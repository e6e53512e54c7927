"""Proxies: which one leads to a collector, and whether it can be spoken to.

HTTP proxies are, by the standard library: a tunnel for https, a request in full for http. SOCKS is
not: the standard library has none of it, and the client has nothing else.
"""

from __future__ import annotations

import sys
import urllib.parse
import urllib.request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SPOKEN = "http"


def address(proxy: str) -> urllib.parse.SplitResult:
    """Return a proxy's address in its parts; one without a scheme is an HTTP proxy's."""
    return urllib.parse.urlsplit(proxy if "//" in proxy else f"http://{proxy}")


def unspoken(scheme: str) -> str:
    """Return what there is to say of a proxy of another scheme than `SPOKEN`."""
    shown = scheme if scheme.isalnum() and len(scheme) < 12 else "unknown"
    return (
        f"nothing can be sent: the proxy that the environment names is a {shown} one, and only "
        "http:// proxies are spoken; name one in HTTPS_PROXY, or the collector in NO_PROXY"
    )


def trouble(endpoint: str, environ: Mapping[str, str]) -> str:
    """Return why a collector cannot be reached by the proxy that leads to it, or ""."""
    try:
        to = urllib.parse.urlsplit(endpoint)
        way = chosen(to.scheme, to.hostname or "", environ) if to.hostname else None
        scheme = address(way).scheme if way else SPOKEN
    except ValueError:
        return ""  # no address at all, which others tell
    return "" if scheme == SPOKEN else unspoken(scheme)


def chosen(scheme: str, host: str, environ: Mapping[str, str]) -> str | None:
    """Return the proxy by which to reach a host: as the environment says, else the system.

    The library's own functions look at the process's environment, which in a thread is the host's
    and may be a project's word.
    """
    said = {}
    for name, value in sorted(environ.items()):  # in small letters comes last, and wins
        which, underscore, rest = name.lower().rpartition("_")
        if underscore and rest == "proxy" and which:
            said[which] = value
    if environ.get("REQUEST_METHOD"):  # a CGI program, where HTTP_PROXY is a header of the caller's
        said["http"] = environ.get("http_proxy", "")
    said = {which: value for which, value in said.items() if value}
    bypass: Callable[..., bool] = urllib.request.proxy_bypass_environment  # type: ignore[attr-defined]
    if said:
        return None if bypass(host, said) else said.get(scheme) or said.get("all")
    if sys.platform not in ("darwin", "win32") or urllib.request.proxy_bypass(host):
        return None
    system = urllib.request.getproxies()
    return system.get(scheme) or system.get("all")
