"""aider's page on analytics, sentence by sentence, in its order: what it says, tried.

The page is https://aider.chat/docs/more/analytics.html. Each test's comment is what stands there;
what cannot be tried (whom to write to, where a privacy policy is) has no test. Each run is aider at
a terminal, which ends as soon as its analytics have had their say.
"""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING

import pytest

from aboveboard.hosts.aider.catalog import CATALOG, STOCK_TERMS
from tests.conftest import ROOT
from tests.hosts.aider.calls import places
from tests.hosts.aider.page import AT_ONCE, EVENTS_AT_ONCE, NOT_IN_SAMPLE, QUESTION, Reader
from tests.hosts.aider.person import TODAY, Person
from tests.hosts.aider.wire import listener

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.hosts.aider.conftest import StockAider

pytestmark = pytest.mark.aider

PROMISE = (
    "Aider respects your privacy and never collects your code, prompts, chats, keys\n"
    "or any personal info.\n"
    "For more info: https://aider.chat/docs/more/analytics.html\n"
)


STOCKS = "posthog+https://us.i.posthog.com"
IN_SAMPLE = "0199c4e7-a892-4992-8729-0cb709b1727c"


@pytest.fixture
def reader(stock_aider: StockAider, tmp_path: Path) -> Iterator[Reader]:
    person = Person(tmp_path / "reader", stock_aider)
    (person.repository / "sub").mkdir()
    with listener() as collector:
        person.sends_to(collector.url)
        yield Reader(person, collector)


class TestOptInAnonymousNoPersonalInfo:
    # "Analytics are only collected if you agree and opt-in."
    def test_nothing_is_collected_before_someone_agreed(self, reader: Reader) -> None:
        reader.has_id(NOT_IN_SAMPLE)
        assert QUESTION not in reader.runs()
        assert reader.is_off()

    # "... and never collects your code, chat messages, keys or personal info."
    def test_no_kind_of_value_could_hold_a_text(self) -> None:
        kinds = {
            declared.kind.label
            for entry in CATALOG.entries.values()
            for declared in entry.properties.values()
        }
        assert kinds <= {
            "flag", "count", "amount", "choice", "command", "version", "model", "exception",
        }  # fmt: skip

    # "Aider collects information on: which LLMs are used and with how many tokens, which of
    # aider's edit formats are used, how often features and commands are used, information about
    # exceptions and errors, etc". What is collected of these in a chat, test_chat.py shows.
    def test_collects_what_the_page_lists(self) -> None:
        message = CATALOG.entries["message_send"].properties
        assert {"main_model", "prompt_tokens", "completion_tokens", "edit_format"} <= set(message)
        assert {"command", "gui session", "exception", "message_send_exception"} <= set(TODAY)

    # "These analytics are associated with an anonymous, randomly generated UUID4 user identifier."
    @pytest.mark.thorough
    def test_events_carry_a_random_uuid4(self, reader: Reader) -> None:
        reader.runs("--analytics", answers=("y",))
        assert reader.sent() == EVENTS_AT_ONCE
        ids = {json.loads(line)["user_id"] for line in reader.collector.body().splitlines()}
        assert ids == {reader.person.decision()["uuid"]}
        assert uuid.UUID(ids.pop()).version == 4

    # "This information helps improve aider by identifying which models, edit formats, features and
    # commands are most used. It also helps uncover bugs that users are experiencing ..."
    def test_each_of_these_questions_has_an_answer_on_the_dashboard(self) -> None:
        asked = {path.stem for path in (ROOT / "src/aboveboard/insights/questions").glob("*.sql")}
        assert {"models", "commands", "errors"} <= asked


class TestDisablingAnalytics:
    # "You can opt out of analytics forever by running this command one time:
    # aider --analytics-disable"
    def test_one_run_disables_forever(self, reader: Reader) -> None:
        reader.person.agreed()
        screen = reader.runs("--analytics-disable")
        assert "Analytics have been permanently disabled." in screen
        assert reader.person.decision()["permanently_disable"] is True
        assert QUESTION not in reader.runs("--analytics")
        assert reader.is_off()


class TestEnablingAnalytics:
    # "--analytics will turn on analytics for the current session."
    @pytest.mark.thorough
    def test_the_flag_turns_the_session_on_for_who_agreed(self, reader: Reader) -> None:
        reader.person.agreed()
        assert QUESTION not in reader.runs("--analytics")
        assert reader.sent() == EVENTS_AT_ONCE

    # "This will not have any effect if you have permanently disabled analytics ..."
    @pytest.mark.thorough
    def test_the_flag_does_not_undo_a_forever_that_a_stock_aider_kept(self, reader: Reader) -> None:
        reader.person.decided(uuid=IN_SAMPLE, permanently_disable=True, asked_opt_in=True)
        screen = reader.runs("--analytics", "--yes-always")
        assert "permanently disabled here; --analytics does not change that" in screen
        assert QUESTION not in screen
        assert reader.is_off()

    # "If this is the first time you have enabled analytics, aider will confirm you wish to opt-in"
    @pytest.mark.thorough
    def test_the_first_time_the_flag_asks(self, reader: Reader) -> None:
        assert QUESTION in reader.runs("--analytics", answers=("yes",))
        assert QUESTION not in reader.runs("--analytics")

    # "--no-analytics will turn off analytics for the current session."
    @pytest.mark.parametrize("how", ["flag", "variable", "settings"])
    @pytest.mark.thorough
    def test_no_analytics_turns_this_session_off(self, reader: Reader, how: str) -> None:
        reader.person.agreed()
        if how == "variable":
            reader.person.environ["AIDER_ANALYTICS"] = "false"
        if how == "settings":
            (reader.person.repository / ".aider.conf.yml").write_text("analytics: false\n")
        reader.runs(*(["--no-analytics"] if how == "flag" else []))
        assert reader.is_off()
        assert reader.person.decision()["asked_opt_in"] is True, "the next session is on again"

    # "By default, if you don't provide --analytics or --no-analytics, aider will enable analytics
    # for a random subset of users." "Randomly selected users will be asked if they wish to opt-in"
    @pytest.mark.thorough
    def test_a_random_subset_is_asked(self, reader: Reader) -> None:
        reader.has_id(IN_SAMPLE)
        assert QUESTION in reader.runs(answers=("y",))
        assert reader.sent() == EVENTS_AT_ONCE

    # "This will never happen if you have permanently disabled analytics"
    @pytest.mark.thorough
    def test_who_disabled_is_never_in_the_subset(self, reader: Reader) -> None:
        reader.person.decided(uuid=IN_SAMPLE, permanently_disable=True, asked_opt_in=True)
        assert QUESTION not in reader.runs()
        assert reader.is_off()


class TestOptingIn:
    # "The first time analytics are enabled, you will need to agree to opt-in. aider --analytics
    # Aider respects your privacy ... (Y)es/(N)o [Yes]:"
    def test_the_question_is_the_pages(self, reader: Reader) -> None:
        screen = reader.runs("--analytics", answers=("",))
        assert " ".join(PROMISE.split()) in " ".join(screen.split())
        assert QUESTION in screen
        assert reader.person.decision()["asked_opt_in"] is True, "Enter is yes"

    # 'If you say "no", analytics will be permanently disabled.'
    @pytest.mark.thorough
    def test_a_no_is_forever(self, reader: Reader) -> None:
        reader.runs("--analytics", answers=("n",))
        assert reader.person.decision()["permanently_disable"] is True
        assert QUESTION not in reader.runs("--analytics")
        assert reader.is_off()

    # "you will need to agree": no setting, no silence and no browser does it for a person.
    @pytest.mark.thorough
    def test_yes_always_answers_nothing(self, reader: Reader) -> None:
        screen = reader.runs("--analytics", "--yes-always", answers=("^D",))
        assert QUESTION in screen
        assert reader.is_off()
        assert not reader.person.decision().get("asked_opt_in")

    def test_a_script_is_not_asked(self, reader: Reader) -> None:
        reader.has_id(IN_SAMPLE)
        words = ("--analytics", "--yes-always", "--message", "Please", *AT_ONCE)
        code, output = reader.person.run(reader.person.aboveboard(*words))
        assert code == 1
        assert QUESTION not in output
        assert reader.is_off()

    @pytest.mark.thorough
    def test_a_browser_is_not_asked(self, reader: Reader) -> None:
        reader.has_id(IN_SAMPLE)
        screen = reader.runs("--analytics", browser=True, answers=("n",))
        assert "Run pip install?" in screen, "which is aider's own question"
        assert QUESTION not in screen
        assert reader.is_off()

    @pytest.mark.thorough
    def test_a_yes_to_a_stock_aider_is_one_to_what_that_collects(self, reader: Reader) -> None:
        person = reader.person
        person.agreed_in_stock()
        person.sends_to(STOCKS)
        person.environ["HTTPS_PROXY"] = "http://127.0.0.1:9"  # so that nothing gets there
        screen = reader.runs("--analytics", answers=("?", "n"))
        assert "It could collect more than you agreed to" in screen
        assert "reply: A model's reply was worked off" in screen
        assert "message_send: " not in screen
        events = [json.loads(line)["event"] for line in person.waiting()]
        assert events == EVENTS_AT_ONCE, "the old yes stands"
        agreed = person.decision()["recipients"][STOCKS]["agreed"]
        assert agreed.keys() == STOCK_TERMS.keys()

    @pytest.mark.thorough
    def test_a_yes_to_a_stock_aider_is_none_to_another_recipient(self, reader: Reader) -> None:
        reader.person.agreed_in_stock()
        screen = " ".join(reader.runs("--analytics", answers=("n",)).split())
        assert "You agreed to sending to us.i.posthog.com. This is about another place" in screen
        assert reader.is_off()
        answers = reader.person.decision()["recipients"]
        assert answers[reader.collector.url] == {"refused": True}
        assert answers[STOCKS]["agreed"].keys() == STOCK_TERMS.keys()


class TestDetailsAboutDataBeingCollected:
    # "To get a better sense of what type of data is collected, you can review some sample
    # analytics logs." Before deciding, too:
    @pytest.mark.thorough
    def test_a_question_mark_shows_a_sample_and_all_that_there_is(self, reader: Reader) -> None:
        screen = reader.runs("--analytics", answers=("?", "n"))
        assert '{"event": "session_start", "properties": {"app_version": "0.86.2"' in screen
        for entry in CATALOG.entries.values():
            assert f"{entry.name}: {entry.doc}" in " ".join(screen.split())

    # "all the places where aider collects analytics are visible in the source code."
    def test_every_place_is_in_the_source(self, stock_aider: StockAider) -> None:
        assert all(place.event for place in places(stock_aider))

    # "You can get a full log of the analytics that aider is collecting"
    def test_the_log_is_all_that_is_sent(self, reader: Reader) -> None:
        reader.person.agreed()
        reader.runs("--analytics", "--analytics-log", str(reader.person.log))
        assert reader.sent() == EVENTS_AT_ONCE
        assert reader.person.log.read_bytes() == reader.collector.body()

    # "If you want to just log analytics without reporting them"
    @pytest.mark.thorough
    def test_the_log_alone_reports_nothing(self, reader: Reader) -> None:
        reader.person.agreed()
        reader.runs("--analytics-log", str(reader.person.log), "--no-analytics")
        assert [line["event"] for line in reader.person.logged()] == EVENTS_AT_ONCE
        assert reader.is_off()
