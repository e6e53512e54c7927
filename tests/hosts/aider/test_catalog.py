"""aider's catalog against aider: its source, its published sample, and the JSON that is shipped."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aboveboard.catalog.catalog import ARCHITECTURES, Catalog, Failure
from aboveboard.catalog.event import Event, values_of
from aboveboard.catalog.kinds import REJECTED, Choice
from aboveboard.hosts.aider import analytics as replacement
from aboveboard.hosts.aider import catalog as aider
from aboveboard.hosts.aider import vocabulary
from tests.conftest import ROOT
from tests.hosts.aider.calls import Place, calls, parse, places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hosts.aider.conftest import StockAider

LEGACY: dict[str, Any] = aider.LEGACY
MAIN_MODEL = ("main_model", "weak_model", "editor_model")
"""What aider's `event(main_model=…)` makes of its one argument."""


class TestAidersEvents:
    """As aider tells them, and as the catalog has them."""

    def test_become_the_catalogs(self) -> None:
        model = Model("openai/gpt-4o", Model("gpt-4o-mini"))
        event = replacement.event_of("message_send", model, {"cost": 0.5})
        assert isinstance(event, aider.MessageSend)
        assert values_of(event) == {
            "main_model": "openai/gpt-4o",
            "weak_model": "gpt-4o-mini",
            "editor_model": None,
            "cost": 0.5,
        }

    @pytest.mark.parametrize("command", [*vocabulary.COMMANDS, "one-that-nobody-knows"])
    def test_are_one_for_all_commands(self, command: str) -> None:
        event = replacement.event_of(f"command_{command}", None, {})
        assert isinstance(event, aider.Command)
        assert values_of(event) == {"command": command}

    def test_carry_the_exception_itself_where_aider_tells_its_text(self) -> None:
        error = ValueError("a secret")
        try:
            raise error
        except ValueError as caught:
            told: dict[str, object] = {"exception": str(caught)}
            event = replacement.event_of("message_send_exception", None, told)
        assert event is not None
        assert values_of(event) == {"error": error}

    def test_go_nowhere_where_the_catalog_does_not_know_them(self) -> None:
        assert replacement.event_of("prompt", None, {"text": "a secret"}) is None


class Model:
    """A model as aider's events carry it."""

    def __init__(self, name: str, weak_model: Model | None = None) -> None:
        self.name = name
        self.weak_model = weak_model
        self.editor_model = None


class TestTheCatalog:
    def test_says_the_same_after_a_round_trip_through_json(self) -> None:
        document = json.loads(json.dumps(aider.CATALOG.as_json()))
        assert Catalog.from_json(document).as_json() == aider.CATALOG.as_json()

    def test_lists_every_event_that_is_declared(self) -> None:
        declared = {
            value
            for value in vars(aider).values()
            if isinstance(value, type) and issubclass(value, Event)
        } - {Event, Failure}
        assert declared == set(aider.EVENTS)

    def test_tells_the_public_in_sentences_what_happened(self) -> None:
        for entry in aider.CATALOG.entries.values():
            assert entry.doc.endswith("."), entry.name
            assert all(p.doc[0].isupper() for p in entry.properties.values()), entry.name

    def test_is_what_the_package_ships_as_json(self) -> None:
        shipped = Path(aider.__file__).with_name("catalog.json").read_text(encoding="utf-8")
        assert json.loads(shipped) == aider.CATALOG.as_json()


class TestTheDocumentation:
    def test_names_all_that_aider_does_not_tell_by_itself(self) -> None:
        page = (ROOT / "docs/aider.md").read_text(encoding="utf-8")
        for event in set(aider.EVENTS) - set(aider.STOCK):
            section = page[page.index(f"| `{event.event_name}` |") :].partition("\n\n")[0]
            for declared in event.event_properties:
                assert f"`{declared.name}`" in section, (event.event_name, declared.name)


class TestTheShippedJson:
    def check(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        tool = [sys.executable, str(ROOT / "tools/aider_catalog.py"), *arguments]
        return subprocess.run(tool, capture_output=True, text=True, check=False)

    def test_is_fresh(self) -> None:
        assert self.check("--check").returncode == 0

    def test_is_called_stale_when_it_differs_from_the_classes(self, tmp_path: Path) -> None:
        copy = tmp_path / "catalog.json"
        assert self.check(str(copy)).returncode == 0
        copy.write_text(copy.read_text(encoding="utf-8").replace("Aider ended", "Aider stopped"))
        outcome = self.check("--check", str(copy))
        assert outcome.returncode == 1
        assert "run python tools/aider_catalog.py" in outcome.stderr


class TestTheLegacyWords:
    def test_lead_to_events_and_values_that_the_catalog_has(self) -> None:
        for old, alias in LEGACY["aliases"].items():
            assert unknown(alias["event"], alias["properties"]) == [], old
            assert old not in aider.CATALOG.entries

    def test_rename_properties_to_ones_that_the_catalog_has(self) -> None:
        for event, renames in LEGACY["properties"].items():
            known = aider.CATALOG.entries[event].properties
            assert set(renames.values()) <= set(known)
            assert not set(renames) & set(known)

    def test_fill_every_property_of_a_session_start(self) -> None:
        session = LEGACY["session"]
        start = aider.CATALOG.entries["session_start"].properties
        assert set(session["properties"]) == set(start)
        assert set(session["values"]["arch"].values()) <= set(ARCHITECTURES)
        assert {session["start"], session["end"]} <= set(aider.CATALOG.entries)


class TestThePublishedSample:
    def test_holds_nothing_that_the_catalog_does_not_know(self, sample_log: Path) -> None:
        strange: Counter[str] = Counter()
        for event, properties in sample(sample_log):
            strange.update(unknown(event, properties))
        assert strange == {}

    def test_keeps_every_model_name_as_it_is(self, sample_log: Path) -> None:
        changed = []
        for event, properties in sample(sample_log):
            for name in set(properties) & set(MAIN_MODEL):
                kept = aider.CATALOG.entries[event].properties[name].kind.accept(properties[name])
                if kept != properties[name]:
                    changed.append((properties[name], kept))
        assert changed == []


class TestAidersSource:
    def test_records_nothing_that_the_catalog_does_not_know(self, stock_aider: StockAider) -> None:
        strange = []
        for place in places(stock_aider):
            strange += [f"{place.where}: {what}" for what in unknown_at(place)]
        assert strange == []

    def test_records_every_event_of_the_catalog(self, stock_aider: StockAider) -> None:
        recorded = {current_name(place.event) for place in places(stock_aider)}
        own = {event.event_name for event in aider.STOCK}
        assert own - recorded == set()
        assert any(place.event == "command_" for place in places(stock_aider))

    def test_gives_exactly_the_exit_reasons_of_the_catalog(self, stock_aider: StockAider) -> None:
        exits = [place for place in places(stock_aider) if place.event == "exit"]
        assert all("reason" in place.literals for place in exits)
        assert {place.literals["reason"] for place in exits} == set(vocabulary.EXIT_REASONS)

    def test_has_exactly_the_commands_of_the_catalog(self, stock_aider: StockAider) -> None:
        methods = {
            node.name.removeprefix("cmd_").replace("_", "-")
            for node in ast.walk(parse(stock_aider.source / "commands.py"))
            if isinstance(node, ast.FunctionDef) and node.name.startswith("cmd_")
        }
        newer = {"ok"}  # seen in the published sample only
        assert methods | newer == set(vocabulary.COMMANDS)

    def test_has_exactly_the_edit_formats_of_the_catalog(self, stock_aider: StockAider) -> None:
        formats = {
            node.value.value
            for path in (stock_aider.source / "coders").glob("*.py")
            for coder in parse(path).body
            if isinstance(coder, ast.ClassDef)
            for node in coder.body
            if isinstance(node, ast.Assign)
            and [target.id for target in node.targets if isinstance(target, ast.Name)]
            == ["edit_format"]
            and isinstance(node.value, ast.Constant)
        }
        assert formats - {None} == set(vocabulary.EDIT_FORMATS)

    def test_selects_exactly_the_models_of_the_catalog(self, stock_aider: StockAider) -> None:
        select = function(stock_aider.source / "onboarding.py", "try_to_select_default_model")
        returned = {
            node.value.value
            for node in ast.walk(select)
            if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)
        }
        by_key = {
            pair.elts[1].value
            for pair in ast.walk(select)
            if isinstance(pair, ast.Tuple) and isinstance(pair.elts[1], ast.Constant)
        }
        assert (returned | by_key) - {None} == set(vocabulary.SELECTED_MODELS)

    def test_foresees_no_exception_that_the_catalog_lacks(self, stock_aider: StockAider) -> None:
        foreseen = {
            str(node.args[0].value)
            for node in ast.walk(parse(stock_aider.source / "exceptions.py"))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "ExInfo"
            and isinstance(node.args[0], ast.Constant)
            and node.args[0].value
        }
        raised = {
            node.name
            for node in parse(stock_aider.packages / "litellm/exceptions.py").body
            if isinstance(node, ast.ClassDef) and "Strings" not in node.name
        }
        assert {f"litellm.{name}" for name in foreseen | raised} == set(vocabulary.EXCEPTION_TYPES)

    def test_hides_no_recording_behind_another_name(self, stock_aider: StockAider) -> None:
        # `self.event = self.analytics.event` is known; what goes by that name is a call of `event`.
        assert other_names(stock_aider) == ["aider/coders/base_coder.py: self.analytics.event"]

    def test_takes_no_word_from_elsewhere_that_is_not_known(self, stock_aider: StockAider) -> None:
        """A choice that is no literal may hold anything: each such place has been looked at."""
        assert {
            (place.event, name)
            for place in places(stock_aider)
            for name in place.properties
            if name not in place.literals and is_choice(place.event, name)
        } == {
            ("auto_model_selection", "model"),  # one of SELECTED_MODELS, see above
            ("cli session", "edit_format"),
            ("message_send", "edit_format"),
            ("oauth_flow_failed", "reason"),  # a server's own text, which is left out
        }

    def test_uses_of_its_analytics_only_what_ours_has(self, stock_aider: StockAider) -> None:
        used = set()
        for path in sorted(stock_aider.source.rglob("*.py")):
            if path.name != "analytics.py":
                used |= {
                    node.attr
                    for node in ast.walk(parse(path))
                    if isinstance(node, ast.Attribute)
                    and (
                        getattr(node.value, "id", None) == "analytics"
                        or getattr(node.value, "attr", None) == "analytics"
                    )
                }
        # These two follow a yes to a question that is ours to ask, and never come to pass.
        used -= {"asked_opt_in", "save_data"}
        assert used == {"disable", "enable", "event", "need_to_ask"}
        assert all(hasattr(replacement.Analytics, name) for name in used)

    def test_has_the_methods_that_replies_are_watched_by(self, stock_aider: StockAider) -> None:
        watched = {
            "coders/base_coder.py": {
                "send_message", "show_send_output_stream", "apply_updates", "get_repo_map",
            },
            "models.py": {"send_completion", "simple_send_with_retries"},
        }  # fmt: skip
        for file, methods in watched.items():
            defined = {
                node.name
                for node in ast.walk(parse(stock_aider.source / file))
                if isinstance(node, ast.FunctionDef)
            }
            assert methods <= defined
        for path in (stock_aider.source / "coders").glob("*.py"):
            if path.name != "base_coder.py":  # one that a subclass replaced would not be heard
                for node in ast.walk(parse(path)):
                    name = getattr(node, "name", None)
                    assert name not in watched["coders/base_coder.py"], path.name

    @pytest.mark.parametrize(
        ("line", "what"),
        [
            ('analytics.event("prompt")', "prompt is no event"),
            ('self.event("repo", path=path)', "repo has no property path"),
            ('coder.event("exit", reason="Bored")', "exit does not take reason='Bored'"),
            ('self.event("no-repo", main_model=m)', "no-repo has no property main_model"),
            ("self.event(name)", "an event whose name is not in the source"),
            ("self.event(f'exit_{reason}')", "exit_ is no event"),
            ("self.event(f'exit{reason}')", "an event whose name is not in the source"),
            ("self.event(f'{name}_exit')", "an event whose name is not in the source"),
            ("self.event('repo', **told)", "repo has properties that are not in the source"),
            ("coder.event('exit', reason='a' if b else 'c')", "exit does not take reason='c'"),
        ],
    )
    def test_would_be_found_out_if_it_recorded_more(self, line: str, what: str) -> None:
        found = list(calls(ast.parse(line), "aider/new.py"))
        assert {place.where for place in found} == {"aider/new.py:1"}
        assert what in [word for place in found for word in unknown_at(place)]


def other_names(stock_aider: StockAider) -> list[str]:
    """Return where aider takes a method `event` without calling it."""
    found = []
    for path in sorted(stock_aider.source.rglob("*.py")):
        tree = parse(path)
        called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
        found += [
            f"{path.relative_to(stock_aider.packages)}: {ast.unparse(node)}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and node.attr == "event"
            and isinstance(node.ctx, ast.Load)
            and id(node) not in called
        ]
    return found


def is_choice(event: str, name: str) -> bool:
    entry = aider.CATALOG.entries.get(event)
    declared = entry.properties.get(name) if entry else None
    return declared is not None and isinstance(declared.kind, Choice)


def unknown_at(place: Place) -> list[str]:
    """Return what the catalog does not know of a place in the source."""
    if not place.event:
        return ["an event whose name is not in the source"]
    if place.event == "command_":
        return [] if not place.properties else ["a command that tells more than its name"]
    if "None" in place.properties:  # `**something`
        return [f"{place.event} has properties that are not in the source"]
    values: dict[str, object] = dict.fromkeys(place.properties)
    values.update(place.literals)
    if "main_model" in values:
        values.update(dict.fromkeys(MAIN_MODEL))
    return unknown(place.event, values)


def current_name(event: str) -> str:
    if event == "command_":
        return "command"
    return str(LEGACY["aliases"].get(event, {"event": event})["event"])


def unknown(event: str, properties: dict[str, Any]) -> list[str]:
    """Return what the catalog does not know of an event, after the legacy aliases."""
    alias = LEGACY["aliases"].get(event)
    if alias is not None:
        event, properties = alias["event"], {**properties, **alias["properties"]}
    entry = aider.CATALOG.entries.get(event)
    if entry is None:
        return [f"{event} is no event"]
    strange = []
    renames = LEGACY["properties"].get(event, {})
    for name, value in properties.items():
        declared = entry.properties.get(renames.get(name, name))
        if declared is None:
            strange.append(f"{event} has no property {name}")
        elif declared.kind.accept(value) is REJECTED:
            strange.append(f"{event} does not take {name}={value!r}")
    return strange


def sample(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the sample's events, with "None" as the null that it stands for."""
    for line in path.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        values = {k: None if v == "None" else v for k, v in record["properties"].items()}
        yield record["event"], values


def function(path: Path, name: str) -> ast.FunctionDef:
    (found,) = (
        node for node in parse(path).body if isinstance(node, ast.FunctionDef) and node.name == name
    )
    return found
