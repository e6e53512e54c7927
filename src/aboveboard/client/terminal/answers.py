"""What a tool answers a person who asks it about its analytics: where they stand, what waits.

For the tool's own command. No session is opened for it, and nothing of this is loaded otherwise.
"""

from __future__ import annotations

import os
import time

from aboveboard.client.decision import consent, environment
from aboveboard.client.delivery import receipts
from aboveboard.client.recipients import recipient, wire
from aboveboard.client.recipients.target import Folder, is_placeholder
from aboveboard.client.recording import segment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aboveboard.client.decision.state import State
    from aboveboard.client.install import Install
    from aboveboard.client.recipients.target import Target

MEANING = {
    consent.NOT_ASKED: "not asked yet: nothing is recorded or sent",
    consent.CONSENTED: "you agreed: events are recorded and sent",
    consent.DISABLED: "permanently disabled: nothing is recorded or sent",
    consent.UNREADABLE: "the file cannot be read or understood: nothing is recorded or sent",
}
"""What was decided, in words for whoever decided it."""


def status(
    install: Install, target: Target, state: State, environ: Mapping[str, str]
) -> Iterator[str]:
    """Yield the lines of what was decided, of who receives what, and of what waits.

    Args:
        install: The tool's.
        target: Where it sends today.
        state: What its state file says toward that recipient.
        environ: The environment that counts.
    """
    to = recipient.shown(target.recipient)
    meaning = MEANING[state.standing]
    if state.refused:
        meaning = f"you said no to sending to {to}: nothing is recorded or sent"
    elif state.elsewhere:
        others = " and ".join(map(recipient.shown, state.elsewhere))
        meaning = (
            f"you agreed to sending to {others}, and were not asked about {to}: nothing is sent"
        )
    yield f"{install.app}: {meaning}"
    noes = environment.refusals(install.app, environ)
    if noes:
        yield _line("here", f"off: {noes[0]} says no")
    if state.decided is not None:
        yield _line("decided", _day(state.decided))
    yield _line("install", state.user_id or "has no id yet")
    yield _line("sends to", to)
    if is_placeholder(target.key):
        yield _line("key", "none: a word of the documentation stands in the place of the key")
    from aboveboard.client.delivery import proxy

    trouble = proxy.trouble(wire.address(target.endpoint), environ)
    if trouble:
        yield _line("proxy", trouble)
    paths = list(_waiting(install))
    events = sum(text.count(b"\n") for text in map(_text, paths))
    yield _line("waiting", f"{_number(events, 'event')} in {_number(len(paths), 'file')}")
    aside = sum(len(segment.listed(os.path.join(each, "aside"))) for each in install.segments())
    if aside:
        who = f"the makers of {install.app}"
        yield _line("set aside", f"{_number(aside, 'file')} that was refused: tell {who}")
    for folder in map(Folder, install.places()):
        owed = _requests(folder.erasures)
        if owed:
            yield _line("owed", f"{_number(owed, 'request')} to erase, sent as soon as they can be")
        for receipt in receipts.read(folder.receipts_file):
            by = f", gone by {_day(receipt.gone_by)}" if receipt.gone_by is not None else ""
            yield _line("erased", f"receipt {receipt.number}{by}")
    yield _line("decision in", install.state.apart() or install.state.path)


def waiting(install: Install) -> Iterator[bytes]:
    """Yield what waits to be sent, a file at a time, byte for byte as it would be."""
    return map(_text, _waiting(install))


def _waiting(install: Install) -> Iterator[str]:
    return (path for folder in install.segments() for path in segment.listed(folder))


def _text(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:  # sent meanwhile
        return b""


def _requests(directory: str) -> int:
    try:
        return sum(name.endswith(".json") for name in os.listdir(directory))
    except OSError:
        return 0


def _line(name: str, value: str) -> str:
    return f"  {name:<12} {value}"


def _day(seconds: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))


def _number(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
