"""Recipients: who gets what a host collects. A yes is given to one, and is no yes to another.

A recipient is named by the address of its collector, whatever the write key is: keys are changed,
and one address may have several. What waits for a recipient is kept apart from what waits for
others, in a folder that is named after it.
"""

from __future__ import annotations

FOLDERS = "recipients"
"""The directory, below an app's own, that has a folder for each recipient."""

_PORTS = {"http": ":80", "https": ":443"}


def of(endpoint: str) -> str:
    """Return the name of the recipient at an endpoint: equal for equal addresses.

    The form (`posthog+`) and the path belong to it; a login, a query, the case of the host, the
    usual port and slashes at the end do not. By hand: `urllib.parse` would cost a host a
    millisecond at its start.
    """
    scheme, colon, rest = endpoint.strip().partition("://")
    if not colon:
        return endpoint.strip()
    rest = rest.partition("#")[0].partition("?")[0]
    authority, slash, path = rest.partition("/")
    host = authority.rpartition("@")[2].lower()
    scheme = scheme.lower()
    usual = _PORTS.get(scheme.rpartition("+")[2], "")
    if usual:
        host = host.removesuffix(usual)
    return f"{scheme}://{host}{(slash + path).rstrip('/')}"


def shown(recipient: str) -> str:
    """Return a recipient as a person reads it: the address, in letters that no terminal obeys.

    Letters beyond ASCII are escaped, since some of them look like others.
    """
    address = recipient.removeprefix("posthog+").removeprefix("https://")
    return ascii(address)[1:-1] or "nobody"


def folder(recipient: str) -> str:
    """Return the name of a recipient's folder: no two have the same, whoever chose their names."""
    from aboveboard.catalog.digest import sha256

    host = recipient.partition("://")[2].partition("/")[0]
    readable = "".join(
        letter if letter.isascii() and (letter.isalnum() or letter in ".-") else "-"
        for letter in host[:40]
    ).strip(".-")
    digits: str = sha256(recipient.encode("utf-8", "surrogateescape")).hexdigest()[:32]
    return f"{readable}-{digits}" if readable else digits
