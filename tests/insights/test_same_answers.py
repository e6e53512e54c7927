"""Equal questions get equal answers, to the byte, in whatever order the same things came in."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from aboveboard import insights
from tests.insights.conftest import Data, Project
from tests.insights.population import AIDERS, Happening, fill

PERIOD = {"since": "2026-03-01", "until": "2026-03-05"}
EVENTS = ("message_send", "exception", "session_start", "command", "exit")
NAMES = ("deepseek/deepseek-chat", "gpt-5", "o3", "gpt-4.1", "claude-opus-4-5", None)
FAILURES = ("KeyError", "OSError", "TypeError", "other", None)
PLACES = ("aider.io:read_text", "aider.repo:commit", "aider.main:main")


def tied() -> Iterator[Happening]:
    """Yield a population in which everything happens as often as everything else."""
    rng = random.Random(1)
    for number in range(30):
        user_id, session = (UUID(int=rng.getrandbits(128), version=4) for _ in "us")
        time = datetime(2026, 3, 1 + number % 5, 10, tzinfo=UTC)

        def happens(
            event: str,
            user_id: UUID = user_id,
            session: UUID = session,
            time: datetime = time,
            **properties: object,
        ) -> Happening:
            return Happening(event, user_id, session, time + timedelta(minutes=5), properties)

        versions = ("1.0", "1.0rc1", "1.0.0", None, "1.0.post1")
        yield happens("session_start", app_version=versions[number % 5], os="Linux")
        for model in NAMES:
            yield happens("message_send", main_model=model, total_tokens=100, cost=0.1)
            yield happens("reply", main_model=model, edit_format="diff", edits="applied")
        for name in ("add", "drop", "ask", None):
            yield happens("command", command=name)
        for kind in FAILURES:
            frames = [f"{place}:{7 + number}" for place in PLACES]
            rng.shuffle(frames)
            yield happens(
                "exception", error_type=kind, error_frames=frames, handled=bool(number % 2)
            )
        for reason in ("/exit", "Control-C", None):
            yield happens("exit", reason=reason)


@pytest.fixture(scope="module")
def worlds(data: Data) -> list[Project]:
    found = []
    for seed in range(3):
        world = Project(f"tied_{seed}", data.project.catalog)
        events = list(tied())
        random.Random(seed).shuffle(events)
        # In inserts of different sizes, so that the rows lie in different parts.
        for part in (events[: 100 * seed + 7], events[100 * seed + 7 :]):
            fill(data.warehouse, world.name, world.catalog, part)
        found.append(world)
    return found


@pytest.mark.thorough
@pytest.mark.parametrize("filters", [{}, {"os": "Linux"}], ids=["everyone", "filtered"])
@pytest.mark.parametrize("name", [each.name for each in AIDERS])
def test_where_everything_ties_the_answer_is_still_the_same(
    data: Data, worlds: list[Project], name: str, filters: dict[str, str]
) -> None:
    insight = insights.get(name)
    assert insight is not None
    for event in EVENTS if insight.of_event else (None,):
        asked = {**PERIOD, **filters, **({"event": event} if event else {})}
        answers = [
            data.ask(name, asked, world).as_json() for world in worlds for _ in ("once", "twice")
        ]

        assert len(answers) == 6
        assert '"rows":[[' in answers[0]
        assert set(answers) == {answers[0]}
