"""What stands in for `aider.analytics`: aider's own class, kept by our client.

aider makes an `Analytics`, asks it whether to ask, enables it, and tells it events by name; see
`aider.main`. Here the client decides and asks instead, so that no setting, no end of input and no
browser can consent for a person, and `need_to_ask` always answers no. Events become the catalog's;
what the catalog does not know goes nowhere.
"""

from __future__ import annotations

import sys

from aboveboard.client.analytics import Analytics as Client
from aboveboard.client.decision import consent, startup
from aboveboard.client.install import Install
from aboveboard.client.recipients.target import POSTHOG

from . import replies, settings
from .about import PROMISES
from .catalog import CATALOG, EVENTS, LEGACY, STOCK_TERMS, Command
from .vocabulary import PACKAGES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from aboveboard.catalog.event import Event

APP = "aider"
DIRECTORY = "~/.aider"
URL = "https://aider.chat/docs/more/analytics.html"
POSTHOG_HOST = "https://us.i.posthog.com"
"""Where aider's flag for a project's key sends to when no host is given, as in aider; and where a
yes that aider itself was given sends to."""


class Place:
    """Where events go. Without an address or a key there is none, and nothing is collected."""

    __slots__ = ("endpoint", "key")

    def __init__(self, endpoint: str, key: str) -> None:
        self.endpoint = endpoint
        self.key = key

    def __bool__(self) -> bool:
        return bool(self.endpoint and self.key)


class _Process:
    """What holds for the whole process, however often aider makes an `Analytics`.

    Attributes:
        version: aider's own.
        place: Where events go unless aider's flags say otherwise. Taken from the environment before
            aider reads `.env` files, which come with every repository that someone clones.
        person: What the person said before they typed a word; read at the same moment.
        in_terminal: Whether aider talks to its user in the terminal; None where that is not known.
        asked: Whether a yes was typed.
        is_refused: Whether a no for good was kept; None where none was said.
        chosen: What the running session was opened with.
        client: The running session.
    """

    def __init__(self) -> None:
        self.version = "0"
        self.place = Place("", "")
        self.person: settings.Person | None = None
        self.in_terminal: bool | None = None
        self.asked = False
        self.is_refused: bool | None = None
        self.chosen: tuple[object, ...] = ()
        self.client: Client | None = None
        self.crash_hook: Callable[..., Any] = sys.excepthook
        self.watch: replies.Watch | None = None


_process = _Process()


def configure(version: str, endpoint: str, key: str) -> None:
    """Say what holds for the process, before aider's `main` runs."""
    _process.version = version
    _process.place = Place(endpoint, key)
    _process.person = settings.Person()
    _listen_to_parser()


def refuse() -> bool:
    """Keep a no for good, and remove what waits; return whether it is news, and could be kept."""
    install = Install(APP, startup.environ(), DIRECTORY)
    news = install.state.read().standing != consent.DISABLED
    if _process.is_refused is None:
        _process.is_refused = bool(install.disable())
        if not _process.is_refused:
            _say("Analytics are off for this session only: that they shall be for good could not")
            _say(f"be saved in {install.state.path}.")
    return news and _process.is_refused


class Analytics:
    """aider's `Analytics`, with the arguments and methods that aider uses."""

    told = False
    """Whether aider got as far as to say that analytics are off for good."""

    def __init__(
        self,
        logfile: str | None = None,
        permanently_disable: bool = False,
        posthog_host: str | None = None,
        posthog_project_api_key: str | None = None,
    ) -> None:
        self.logfile = logfile
        self._place = _process.place
        # Where our parser was not the one that was asked, nobody knows whose word these are.
        if _process.in_terminal is not None and (posthog_host or posthog_project_api_key):
            self._place = _posthogs(posthog_host, posthog_project_api_key)
        self._disabled = False
        self._client: Client | None = None
        if permanently_disable:
            self.disable(permanently=True)

    def need_to_ask(self, args_analytics: bool | None) -> bool:
        """Open the session, asking where the consent table says so; nobody else need ask."""
        self._open(args_analytics)
        return False

    def enable(self) -> None:
        """Open the session, unless it is open."""
        self._open(None)

    def disable(self, permanently: bool = False) -> None:
        """Turn analytics off for this session, or for good."""
        self._disabled = True
        client, self._client = self._client, None
        if client is not None:
            client.close()
        if permanently:
            Analytics.told = True
            refuse()

    def event(self, event_name: str, main_model: object = None, **kwargs: object) -> None:
        """Record one of aider's events, as the catalog has it."""
        if self._client is None and self.logfile:
            self._open(False)  # `--no-analytics`: the log is written all the same
        if self._client is None:
            return
        try:
            event = event_of(event_name, main_model, kwargs)
            if _process.watch is not None:
                _process.watch.hear(event_name, kwargs)
        except Exception:  # noqa: BLE001  # aider must not learn of our mistakes
            return
        if event is not None:
            self._client.record(event)

    def _open(self, wanted: bool | None) -> None:
        if self._client is not None:
            return
        if not self._place and wanted and not self._disabled:
            _say("Analytics are off: there is no place to send them to (ABOVEBOARD_ENDPOINT and")
            _say("ABOVEBOARD_KEY say one; --analytics-log works without).")
        if self._disabled or not self._place:
            wanted = False
            if not self.logfile:
                return
        try:
            self._client = _session(wanted, self.logfile, self._place)
        except Exception:  # noqa: BLE001
            self._disabled = True


def event_of(name: str, main_model: object, properties: dict[str, object]) -> Event | None:
    """Return aider's event as the catalog's, or None where the catalog does not know it."""
    if name.startswith("command_"):
        return Command(command=name[len("command_") :])
    kind = _EVENTS.get(name)
    if kind is None:
        return None
    values = dict(properties)
    if main_model is not None:
        values["main_model"] = _name_of(main_model)
        for part in ("weak_model", "editor_model"):
            values[part] = _name_of(getattr(main_model, part, None))
    for old, new in _RENAMED.get(name, {}).items():
        if old in values:
            # aider tells an exception's text; the exception itself is being handled right now.
            values[new] = sys.exc_info()[1] or values.pop(old)
            values.pop(old, None)
    return kind(**values)


def _session(wanted: bool | None, log: str | None, place: Place) -> Client:
    """Return the open session; aider that starts over (in another repository) goes on with it."""
    chosen = (wanted, log, place.endpoint, place.key)
    if _process.client is not None:
        if chosen == _process.chosen:
            sys.excepthook = _process.crash_hook  # aider has just set its own again
            return _process.client
        _process.client.close()
    client = Client(
        app=APP,
        version=_process.version,
        catalog=CATALOG,
        endpoint=place.endpoint,
        key=place.key,
        named_by_person=True,
        packages=PACKAGES,
        url=URL,
        promises=PROMISES,
        directory=DIRECTORY,
        before=STOCK_TERMS,
        before_endpoint=POSTHOG + POSTHOG_HOST,
    )
    # In a browser, or in a mode that is not known, there is nobody at the terminal who could agree.
    said = {"analytics": wanted, "analytics_log": log, "analytics_asked": _process.asked}
    is_machine = _process.person is not None and _process.person.is_machine
    client.open(said, ask=bool(_process.in_terminal) and not is_machine)
    _process.client, _process.chosen = client, chosen
    _process.crash_hook = sys.excepthook
    if client.enabled or log:
        _process.watch = _process.watch or replies.watch()
        _process.watch.record = client.record
    return client


def _posthogs(host: str | None, key: str | None) -> Place:
    """Return the place that aider's own flags name. A key is sent to nobody but whom it is for."""
    endpoint = POSTHOG + (host or POSTHOG_HOST)
    place = _process.place
    if not key and place.endpoint.rstrip("/") in ("", *_spellings(endpoint)):
        key = place.key
    return Place(endpoint, key or "")


def _spellings(endpoint: str) -> tuple[str, str]:
    return endpoint.rstrip("/"), endpoint.removeprefix(POSTHOG).rstrip("/")


def _listen_to_parser() -> None:
    """Learn from aider's parser where its user is, and have the project's words only say no."""
    import importlib

    args = importlib.import_module("aider.args")
    get_parser = getattr(args, "get_parser", None)
    if get_parser is None:
        return

    def get_listening_parser(files: Any, *arguments: Any, **named: Any) -> Any:
        parser = get_parser(files, *arguments, **named)
        parse, parse_known = parser.parse_args, parser.parse_known_args

        def parse_args(args: Any = None, *others: Any, **named: Any) -> Any:
            parsed = parse(args, *others, **named)
            _process.in_terminal = getattr(parsed, "gui", True) is False
            _vet(parsed, parse_known, sys.argv[1:] if args is None else args, files or ())
            return parsed

        parser.parse_args = parse_args
        return parser

    args.get_parser = get_listening_parser  # type: ignore[attr-defined]  # the module's own


def _vet(parsed: Any, parse: Callable[..., Any], words: Any, files: Any) -> None:
    """Leave of what a parser has found only what the person said, and every no."""
    _process.asked = False
    try:
        said = settings.heard(parse, words, files, _process.person or settings.Person())
        vars(parsed).update(said.arguments)
        _process.asked = said.asked
        if said.log_refused:
            _say("Analytics are off: the log that this project's files name is not written.")
            _say("--analytics-log names one of your own.")
    except (Exception, SystemExit):  # noqa: BLE001  # whosever word it is: nobody's
        vars(parsed).update(dict.fromkeys(settings.NAMES), analytics=False, analytics_disable=False)


def _name_of(model: object) -> str | None:
    name = getattr(model, "name", None)
    return name if isinstance(name, str) else None


def _say(line: str) -> None:
    try:
        sys.stderr.write(line + "\n")
    except Exception:  # noqa: BLE001
        return


_EVENTS = {event.event_name: event for event in EVENTS}
_RENAMED: dict[str, dict[str, str]] = LEGACY["properties"]  # type: ignore[assignment]
