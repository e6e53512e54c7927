"""No question reads or writes anything but its project's own rows."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aboveboard.insights.adhoc import asking, rules, schema
from aboveboard.warehouse import QueryLimitError, embedded
from tests.conftest import LONG, examples
from tests.insights.adhoc.attacks import every
from tests.insights.adhoc.place import CANARY, OF_OTHERS, PLAIN, Place, refusal


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    directory = tmp_path_factory.mktemp("adhoc")
    found = Place(directory, embedded(directory / "warehouse"))
    yield found
    found.warehouse.close()


def test_every_way_out_that_is_known_is_refused(place: Place) -> None:
    texts = every(str(place.file), str(place.out))
    told = {text: refusal(place, text) for text in texts}
    let_through = [text for text, said in told.items() if said is None]
    assert let_through == []
    assert len(texts) > 240
    for text, said in told.items():
        assert said is not None
        assert "\n" not in said
        assert "project_other" not in said or "project_other" in text
    assert not place.out.exists()


@pytest.mark.parametrize("text", PLAIN)
def test_a_plain_question_is_answered(place: Place, text: str) -> None:
    assert '"rows":' in place.ask(text)


def test_a_question_sees_the_catalog_s_tables_without_what_is_the_collector_s(place: Place) -> None:
    seen = {table.name: table for table in asking.seen(place.warehouse, place.project)}
    assert {"sessions", "message_send", "command", "exception"} <= set(seen)
    assert not [name for name in seen if name.startswith("_")]
    columns = {column.name for table in seen.values() for column in table.columns}
    assert not columns & set(schema.HIDDEN)
    for hidden in schema.HIDDEN:
        with pytest.raises(rules.RefusedError, match="identifier"):
            place.ask(f"SELECT {hidden} FROM sessions")


def test_rows_are_in_the_order_that_was_asked_for(place: Place) -> None:
    asked = "SELECT time FROM message_send ORDER BY time"
    up = asking.ask(place.warehouse, place.project, asked).rows
    down = asking.ask(place.warehouse, place.project, f"{asked} DESC").rows
    assert list(up) == sorted(up)
    assert list(down) == sorted(down, reverse=True)


SLOW = (
    "SELECT count() FROM (SELECT arrayJoin(range(100000)) AS a) AS x CROSS JOIN "
    "(SELECT arrayJoin(range(1000000)) AS b) AS y WHERE a * b % 7 = 3"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT groupArray(x) FROM (SELECT arrayJoin(range(90000000)) AS x)", "MiB of memory"),
        ("SELECT arrayMap(x -> arrayMap(y -> x * y, range(30000)), range(30000))", "MiB of memory"),
        ("SELECT arrayJoin(range(20000))", "rows"),
        (SLOW, "1 seconds"),
    ],
)
def test_what_needs_too_much_is_stopped(
    place: Place, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setattr(asking, "LIMITS", replace(asking.LIMITS, seconds=1, memory=256 << 20))
    with pytest.raises(QueryLimitError, match=said):
        place.ask(text)
    assert place.ask("SELECT 1")


NO_QUESTIONS = ["", ";", "SELECT", "x" * 9000, "SELECT \x00", "SELECT " + "(" * 999]


@pytest.mark.parametrize("text", NO_QUESTIONS)
def test_what_is_no_question_is_refused_in_a_line(place: Place, text: str) -> None:
    with pytest.raises(rules.RefusedError) as refused:
        place.ask(text)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 400


def test_every_function_that_is_allowed_is_one_and_none_that_is_not_named_is(place: Place) -> None:
    told = place.warehouse.query("SELECT name FROM system.functions").rows
    there = {str(name).lower() for (name,) in told}
    of_the_parser = {"lambda", "untuple", "exists", "grouping", "date_add", "date_sub"}
    assert rules.functions() - there <= of_the_parser
    for name in ("file", "url", "dictGet", "hostName", "fileIf", "sleepOrNull", "OrNull", ""):
        assert not rules.is_function(name)


WORDS = st.sampled_from(
    [
        *(
            "SELECT",
            "FROM",
            "WHERE",
            "IN",
            "AS",
            "WITH",
            "(",
            ")",
            ",",
            "*",
            "1",
            "'x'",
            "UNION ALL",
        ),
        *("JOIN", "ON", "ORDER BY", "LIMIT", "file", "url", "system", ".", "one", "project_other"),
        *("sessions", "command", "app_version", "`", '"', "'", "\\", "--", "/*", "*/", ";", "\n"),
        *(
            "SETTINGS",
            "FORMAT",
            "INTO OUTFILE",
            "{",
            "}",
            ":",
            "->",
            "[",
            "]",
            "=",
            "APPLY",
            "OVER",
        ),
        *("EXCEPT", "REPLACE", "COLUMNS", "numbers", "x", "count", "EXPLAIN", "INSERT", "$$", "::"),
    ]
)


def _is_kept_in(place: Place, text: str) -> None:
    """Ask; whatever is answered, it is nothing of the file's and nothing of the other project's."""
    try:
        answer = place.ask(text)
    except (rules.RefusedError, QueryLimitError):
        return
    finally:
        assert not place.out.exists()
    assert CANARY not in answer
    assert OF_OTHERS not in answer


FUZZ = settings(
    max_examples=20_000 if LONG else examples(60),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@FUZZ
@given(words=st.lists(WORDS, min_size=1, max_size=14))
def test_no_words_in_any_order_lead_out(place: Place, words: list[str]) -> None:
    _is_kept_in(place, " ".join(["SELECT", *words]))


@FUZZ
@given(seed=st.integers(0, 2**32), cuts=st.integers(1, 3))
def test_no_attack_that_is_cut_and_mixed_with_another_leads_out(
    place: Place, seed: int, cuts: int
) -> None:
    rng = random.Random(seed)
    texts = every(str(place.file), str(place.out))
    text = rng.choice(texts)
    for _ in range(cuts):
        other = rng.choice(texts)
        at, to = rng.randrange(len(text) + 1), rng.randrange(len(other) + 1)
        text = text[:at] + other[to:] if rng.random() < 0.5 else text[:at] + other[to:] + text[at:]
    _is_kept_in(place, text)
