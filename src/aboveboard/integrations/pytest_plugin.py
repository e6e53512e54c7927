"""A pytest plugin for makers: see what a test would send, and let nothing out of it.

pytest loads it wherever aboveboard is installed, for suites that never heard of it too: so it does
nothing, and loads nothing more, until a test or an option asks for it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from aboveboard.client.decision import startup

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

    from .capture import Events, Stage

_AT_START = dict(os.environ)
_GUARDED = pytest.StashKey[bool]()
_STAGE: pytest.StashKey[Stage] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addini(
        "aboveboard_guard",
        "let no test of the suite send, start a child or write outside of its temporary folders "
        "through aboveboard: every test uses aboveboard_events",
        type="bool",
        default=False,
    )


def pytest_configure() -> None:
    """Have tests that say where their home is be believed, as no project's `.env` is."""
    startup.follow(os.environ)


def pytest_unconfigure() -> None:
    startup.follow(None)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getini("aboveboard_guard"):
        for item in items:
            names = getattr(item, "fixturenames", None)
            if names is not None and "aboveboard_events" not in names:
                names.insert(0, "aboveboard_events")
                item.stash[_GUARDED] = True


@pytest.fixture
def aboveboard_events(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Events]:
    """Return the events that this test would send, in a home of its own, as if someone agreed."""
    from .capture import Stage

    folders = [str(tmp_path_factory.getbasetemp())]
    asked_for = not request.node.stash.get(_GUARDED, False)
    home = tmp_path_factory.mktemp("home")
    stage = Stage(home, folders, _AT_START, is_asked_for=asked_for)
    request.node.stash[_STAGE] = stage
    stage.set_up()
    try:
        yield stage.events
    finally:
        stage.strike()
    _fail_for(stage)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    try:
        result = yield
    except BaseException:
        trouble = _STAGE in item.stash and item.stash[_STAGE].trouble()
        if trouble:  # it may be why the test failed
            item.add_report_section("call", "aboveboard", trouble)
        raise
    if _STAGE in item.stash:
        item.stash[_STAGE].end_sessions()
        _fail_for(item.stash[_STAGE])
    return result


def _fail_for(stage: Stage) -> None:
    trouble = stage.trouble()
    if trouble:
        pytest.fail(trouble, pytrace=False)
