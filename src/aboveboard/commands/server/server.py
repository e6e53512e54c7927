"""The server: the collector and its dashboard in one process, until somebody ends it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import signal
import sys
from typing import TYPE_CHECKING

from aboveboard import dashboard
from aboveboard.catalog.kinds import CatalogError
from aboveboard.collector.app import create_app
from aboveboard.collector.http import basepath, listener, publicurl
from aboveboard.collector.http.authentication import access
from aboveboard.collector.http.authentication.door import Door
from aboveboard.collector.inbox import storage
from aboveboard.collector.operations import descriptors, log
from aboveboard.collector.operations.worker import EXIT_CODE
from aboveboard.collector.people import passwords
from aboveboard.collector.people.register import Register
from aboveboard.collector.projects import migrations
from aboveboard.collector.projects.project import SHIPPED, shipped_catalog
from aboveboard.collector.projects.registry import UnreadableError
from aboveboard.collector.service import Collector
from aboveboard.commands.access.projects import tell_of_kept
from aboveboard.commands.contract.catalog import read
from aboveboard.commands.directory import stores
from aboveboard.commands.directory.variables import SECRET
from aboveboard.insights import own, sampling
from aboveboard.warehouse import WarehouseError, database

from .sentinel import Sentinel
from .voice import Voice

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from litestar import Litestar

DEMO = "demo"

YOUNG_MAX = 20_000
"""New objects after which Python looks for circles among them. At its own 700 that is with every
few deliveries, through all that is being moved: 3 % of a loaded collector's processor time."""

GOODBYE_SECONDS = 2
"""How long the demo's process may take to end before it is told again, and louder."""


class UsageError(Exception):
    """The arguments do not go together; the text says what to do."""


def run(args: argparse.Namespace, *, _crash: Callable[[str], None] = lambda _step: None) -> int:
    log.to_stderr(args.log_format)
    voice = Voice(logs=args.log_format == log.JSON)
    try:
        _check(args)
        connections = _connections()
        listener.check_free(args.host, args.port)
        collector = Collector(args.data, stores.warehouse(args), _crash=_crash)
        try:
            _add_projects(collector, args, voice)
            theirs = _own_insights(collector, args.insights)
            collector.start()
            sentinel = Sentinel(collector)
            sentinel.start()
            try:
                asyncio.run(_serve(collector, args, connections, voice, theirs))
            finally:
                sentinel.close()
        finally:
            collector.close()
        if collector.watch.fallen:
            return EXIT_CODE
    except own.FaultsError as error:
        for fault in error.faults:
            voice.warn(f"--insights: {fault}")
        return 2
    except (UsageError, basepath.BasePathError, publicurl.PublicUrlError) as error:
        voice.give_up(error)
        return 2
    except (listener.ListenError, storage.StorageError, WarehouseError, CatalogError) as error:
        voice.give_up(error)
        return 1
    voice.note("ended")
    return 0


def _check(args: argparse.Namespace) -> None:
    if not (access.is_loopback(args.host) or args.admin_secret or _has_secret(args.data)):
        raise UsageError(
            f"everyone who reaches {args.host} could read the dashboard: set a secret with "
            f"`aboveboard secret`, or as {SECRET}, or leave --host away"
        )
    if args.admin_secret and (wrong := passwords.weakness(args.admin_secret)) is not None:
        raise UsageError(f"{wrong}; make one with `aboveboard secret --new`")
    args.base_path = basepath.checked(args.base_path)
    args.public_url = publicurl.checked(args.public_url)
    if args.public_url:
        path = publicurl.path_of(args.public_url)
        if args.base_path not in ("", path):
            raise UsageError(
                f"--base-path {args.base_path} is not the path of --public-url {args.public_url}: "
                "leave --base-path away"
            )
        args.base_path = path
    if not 0 < args.port < 2**16:
        raise UsageError("--port is a number from 1 to 65535")
    if (args.catalog is None) != (args.project is None):
        raise UsageError("--catalog and --project go together: whose catalog is it?")


def _has_secret(data: Path) -> bool:
    if not (data / migrations.FILE).exists():
        return False
    with contextlib.closing(Register(data)) as register:
        return register.secret() is not None


def _connections() -> int:
    """Return how many connections there may be at once."""
    limit = descriptors.raise_limit()
    if limit < descriptors.NEEDED:
        raise UsageError(
            f"the process may open {limit} files, and the warehouse needs {descriptors.NEEDED}: "
            "raise the limit (ulimit -n, LimitNOFILE= of systemd, --ulimit of docker)"
        )
    return descriptors.connections(limit)


def _add_projects(collector: Collector, args: argparse.Namespace, voice: Voice) -> None:
    for project in collector.projects.all():
        if project.shipped:  # a newer aboveboard may know more of what the app collects
            collector.add_project(project.name, shipped_catalog(SHIPPED), shipped=True)
    if args.catalog is not None:
        _give(collector, args.project, args.catalog, voice)
    if args.demo and collector.projects.get(DEMO) is None:
        collector.add_project(DEMO, shipped_catalog(SHIPPED), shipped=True)
    if not (collector.projects.all() or collector.projects.unreadable()):
        collector.add_project(SHIPPED, shipped_catalog(SHIPPED), shipped=True)


def _give(collector: Collector, name: str, file: Path, voice: Voice) -> None:
    catalog = read(file)
    try:
        project = collector.add_project(name, catalog, called=str(file))
    except UnreadableError as error:  # no reason to keep the other projects waiting
        voice.warn(str(error))
    else:
        tell_of_kept(catalog, project, file, voice.warn)


def _own_insights(collector: Collector, directory: Path | None) -> tuple[own.Own, ...]:
    """Return the operator's insights, all of which can be asked.

    Raises:
        own.FaultsError: some cannot; nothing is served then, so that nobody finds out later.
    """
    if directory is None:
        return ()
    theirs = own.read(directory)
    own.check(theirs, collector.warehouse, collector.projects.all())
    return theirs


def application(
    collector: Collector, args: argparse.Namespace, theirs: tuple[own.Own, ...]
) -> Litestar:
    """Return the collector's application with the dashboard's pages, as the command's words say."""
    door = Door(
        collector.register, args.admin_secret, always_closed=not access.is_loopback(args.host)
    )
    return create_app(
        collector,
        dashboard.routes(),
        errors=dashboard.errors(),
        door=door,
        base_path=args.base_path,
        public_url=args.public_url,
        more={
            "own_insights": theirs,
            "sampling_place": sampling.place_of(collector.register.signing_key()),
        },
    )


async def _serve(
    collector: Collector,
    args: argparse.Namespace,
    connections: int,
    voice: Voice,
    theirs: tuple[own.Own, ...],
) -> None:
    app = application(collector, args, theirs)
    gc.freeze()  # what is loaded by now stays
    gc.set_threshold(YOUNG_MAX)
    gc.enable()
    address = listener.address(args.host, args.port) + args.base_path
    demo: asyncio.subprocess.Process | None = None
    telling: asyncio.Task[None] | None = None

    async def ready() -> None:
        nonlocal demo, telling
        collector.store.address = args.public_url or address
        _announce(collector, address, args.public_url, args.data, voice)
        if args.demo and _is_empty(collector, DEMO) and _has_key(collector, DEMO):
            voice.say("\nThe demo is empty: simulated people will fill it.")
            demo = await _fill(collector, address)
            telling = asyncio.create_task(_tell_when_filled(demo, collector, address, voice))

    try:
        await listener.listen(app, args.host, args.port, connections, ready, collector.watch.tell)
    finally:
        if telling is not None:
            telling.cancel()
        if demo is not None:
            await _end(demo)


def _announce(collector: Collector, near: str, public: str, data: Path, voice: Voice) -> None:
    address = public or near
    behind = f"listens on {near} for its proxy; " if public else ""
    voice.say(f"aboveboard is at {address} ({behind}Ctrl-C ends it); everything is kept in {data}")
    for project in collector.projects.all():
        if not project.keys:
            voice.say(
                f"\nproject {project.name} has no write key: `aboveboard keys add {project.name}`"
            )
            continue
        voice.tell(f"\nproject {project.name}, write key {', '.join(project.keys)}")
        if project.catalog.app == SHIPPED and project.name != DEMO:
            voice.tell(
                f"  an aider of today, unchanged: aider --analytics"
                f" --analytics-posthog-host {address}"
                f" --analytics-posthog-project-api-key {project.keys[0]}"
            )


def _is_empty(collector: Collector, project: str) -> bool:
    rows = collector.warehouse.query(
        "SELECT count() FROM {project:Identifier}._sessions", {"project": database(project)}
    ).rows
    return rows == [(0,)] and collector.inbox.depth.events == 0


def _has_key(collector: Collector, project: str) -> bool:
    found = collector.projects.get(project)
    return found is not None and bool(found.keys)


async def _fill(collector: Collector, address: str) -> asyncio.subprocess.Process:
    """Start the demo's people; in a process of their own, as people are.

    Their standard input is a pipe that this process alone holds, and never writes to: however this
    process ends, the pipe is closed, and they end too.
    """
    project = collector.projects.get(DEMO)
    assert project is not None
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "aboveboard.demo", "--on-leash"),
        *("--url", address, "--key", project.keys[0]),
        stdin=asyncio.subprocess.PIPE,
    )


async def _tell_when_filled(
    demo: asyncio.subprocess.Process, collector: Collector, address: str, voice: Voice
) -> None:
    if await demo.wait() == 0:
        # A year of lives came within seconds: nobody's sessions are that late.
        collector.inbox.lateness.forget(DEMO)
        voice.say(f"The demo is ready: {address}/?project={DEMO}")


async def _end(demo: asyncio.subprocess.Process) -> None:
    """End the demo's process: a terminal's Ctrl-C has reached it already, a signal to us has not.

    So it is given a moment before it is asked, and another before it is made to.
    """
    for number in (None, signal.SIGINT, signal.SIGKILL):
        if number is not None:
            with contextlib.suppress(ProcessLookupError):
                demo.send_signal(number)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(demo.wait(), GOODBYE_SECONDS)
            return
