from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server
from litestar import Litestar
from litestar.datastructures import State
from playwright.sync_api import Browser, sync_playwright

from aboveboard import dashboard
from aboveboard.catalog.catalog import Catalog
from aboveboard.collector.projects.project import shipped_catalog
from aboveboard.collector.projects.registry import Projects
from aboveboard.warehouse import Warehouse, embedded
from tests.conftest import missing
from tests.dashboard.tool import CATALOG
from tests.dashboard.visits import Contexts, Visits
from tests.insights import library
from tests.insights.population import Happening, fill, population
from tests.prepared import prepared

CHROMIUM = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


INSTALLS = 120


@dataclass(frozen=True)
class Dropped:
    what: str
    event: str
    property: str
    times: int
    last: int
    first: int = 1792990800
    version: str | None = None


class Quarantine:
    """A quarantine with two names in it, and with none for other projects."""

    def dropped(self, project: str) -> list[Dropped]:
        if project != "aider":
            return []
        return [
            Dropped("event", "$pageview", "", 1234, 1793000000),
            Dropped("property", "message_send", "<script>alert(1)</script>", 2, 1793000000),
            Dropped("event", "shiny_new", "", 17, 1793001600, version="1.3.0"),
            Dropped("not a line of JSON", "", "", 3, 1793001600),
            Dropped("value", "launched", "time", 4, 1793001600),
        ]


class Lateness:
    """Every session comes on its own day."""

    def of(self, _project: str) -> timedelta:
        return timedelta(0)


@dataclass(frozen=True)
class Site:
    """A dashboard on loopback, over a real warehouse.

    `aider` has the made-up population, `alone` one person of it; `library` is a tool of somebody
    else's, with people of its own; `empty` has nothing; `mytool` has a catalog of its own, and
    nothing either.
    """

    url: str
    warehouse: Warehouse
    happened: list[Happening]

    def get(self, path: str, **headers: str) -> httpx.Response:
        # Plain HTTP: certificates, which take longer to load than most pages, verify nothing here.
        return httpx.get(self.url + path, headers=headers, timeout=30, verify=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    # A module's, since a process can have one embedded warehouse open at a time.
    def make(directory: Path) -> None:
        make_site(directory, embedded(directory / "warehouse"))

    directory = prepared(tmp_path_factory, "site", make)
    with on_show(directory, embedded(directory / "warehouse")) as shown:
        yield shown


def make_site(directory: Path, warehouse_url: str) -> None:
    """Fill a warehouse, whose projects are in the directory."""
    catalogs: dict[str, Catalog] = {
        "aider": shipped_catalog("aider"),
        "alone": shipped_catalog("aider"),
        "empty": shipped_catalog("aider"),
        "mytool": CATALOG,
        "library": library.CATALOG,
    }
    with closing(Warehouse(warehouse_url)) as warehouse, closing(Projects(directory)) as projects:
        for name, catalog in sorted(catalogs.items()):  # whatever second they are added in
            projects.add(name, catalog)
            warehouse.ensure(name, catalog)
        happened = population(installs=INSTALLS)
        fill(warehouse, "aider", catalogs["aider"], happened)
        one = next(event.user_id for event in happened if event.event == "exception")
        alone = [event for event in happened if event.user_id == one]
        fill(warehouse, "alone", catalogs["alone"], alone)
        fill(warehouse, "library", library.CATALOG, library.readers())


@contextlib.contextmanager
def on_show(directory: Path, warehouse_url: str) -> Iterator[Site]:
    """Give a dashboard over what `make_site` has made."""
    with closing(Warehouse(warehouse_url)) as warehouse, closing(Projects(directory)) as projects:
        for each in projects.all():
            warehouse.ensure(each.name, each.catalog)
        state = {
            "warehouse": warehouse,
            "projects": projects,
            "quarantine": Quarantine(),
            "lateness": Lateness(),
            "sampling_place": 7,
        }
        app = Litestar(dashboard.routes(), state=State(state), openapi_config=None)
        with serving(app) as url:
            yield Site(url, warehouse, population(installs=INSTALLS))


class serving:  # noqa: N801  # reads as `with serving(app) as url`
    """An application on granian, in a thread of this process, which owns the warehouse."""

    def __init__(self, app: Litestar) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = Server(
            app, address="127.0.0.1", port=self.port, interface=Interfaces.ASGI, log_enabled=False
        )
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        for _ in range(300):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return f"http://127.0.0.1:{self.port}"
            time.sleep(0.05)
        raise AssertionError("the dashboard did not come up")

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)  # granian asks for the thread's own
        self.loop.run_until_complete(self.server.serve())
        self.loop.close()

    def __exit__(self, *_: object) -> None:
        self.loop.call_soon_threadsafe(self.server.stop)
        self.thread.join(30)
        assert not self.thread.is_alive(), "the dashboard did not stop"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing("Chromium (`chromium` on the PATH)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def contexts() -> Contexts:
    """What windows of a kind share: a process of Chromium's, and Vega once it is loaded."""
    return {}


@pytest.fixture
def visits(chromium: Browser, site: Site, contexts: Contexts) -> Iterator[Visits]:
    """Every visit of every test ends with the two promises: no word, and nobody else was asked."""
    visits = Visits(chromium, site, contexts)
    yield visits
    for visit in visits.open:
        visit.page.unroute_all()
        visit.page.evaluate("localStorage.clear()")
        visit.page.close()
        visit.context.clear_cookies()
        assert visit.complaints == []
        assert visit.requested
        assert {url for url in visit.requested if not url.startswith(site.url + "/")} == set()
