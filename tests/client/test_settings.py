"""Flags and settings together: any no wins, and nothing is a yes that was not clearly one."""

from __future__ import annotations

import argparse
import configparser
import itertools
from collections.abc import Iterator, Mapping
from typing import NoReturn

import pytest

from aboveboard.client.decision.settings import combined

UNSET: dict[str, object] = {
    "analytics": None,
    "analytics_asked": False,
    "analytics_disable": False,
    "analytics_log": None,
}


class TestCombined:
    """Several voices, one answer."""

    def test_nothing_said_is_nothing_set(self) -> None:
        assert combined(None) == UNSET
        assert combined(argparse.Namespace(), {}, None, {"model": "gpt-4o"}) == UNSET

    @pytest.mark.parametrize(
        "voices", list(itertools.product([None, True, False], repeat=3)), ids=str
    )
    def test_any_no_wins_over_any_yes_wherever_it_stands(
        self, voices: tuple[bool | None, ...]
    ) -> None:
        flag, one, other = voices
        said = combined(
            argparse.Namespace(analytics=flag), {"analytics": one}, {"analytics": other}
        )
        expected = None if voices == (None,) * 3 else False not in voices or None
        assert said["analytics"] is (False if False in voices else expected)

    @pytest.mark.parametrize("key", ["analytics-disable", "analytics_disable"])
    def test_disable_in_a_file_counts_in_either_spelling_and_for_good(self, key: str) -> None:
        said = combined(argparse.Namespace(analytics=True, analytics_disable=False), {key: True})
        assert said["analytics_disable"] is True

    def test_the_same_setting_in_both_spellings_is_heard_twice(self) -> None:
        said = combined({"analytics_disable": False, "analytics-disable": True})
        assert said["analytics_disable"] is True

    @pytest.mark.parametrize("word", ["off", "No", "false", " 0 ", 0, False])
    def test_words_of_a_file_are_a_no(self, word: object) -> None:
        assert combined(None, {"analytics": word})["analytics"] is False
        assert combined(None, {"analytics-disable": word}) == UNSET

    @pytest.mark.parametrize(
        ("word", "said"), [(True, False), ("yes", False), ("perhaps", False), ("off", None)]
    )
    @pytest.mark.parametrize("key", ["no-analytics", "no_analytics"])
    def test_the_no_of_the_flags_may_stand_in_a_file_too(
        self, key: str, word: object, said: bool | None
    ) -> None:
        assert combined(None, {key: word})["analytics"] is said
        assert combined({"analytics": True}, {key: word})["analytics"] is (said is None)

    @pytest.mark.parametrize("word", ["on", "YES", "true", "1", 1, True])
    def test_words_of_a_file_are_a_yes(self, word: object) -> None:
        assert combined(None, {"analytics": word})["analytics"] is True
        assert combined(None, {"analytics-disable": word})["analytics_disable"] is True

    @pytest.mark.parametrize(
        "nonsense",
        ["perhaps", 2, pytest.param(10**5000, id="huge"), 0.5, [], {"enabled": True}, object()],
    )
    @pytest.mark.parametrize("key", ["analytics", "analytics-disable"])
    def test_what_cannot_be_understood_is_a_no_for_now(self, key: str, nonsense: object) -> None:
        said = combined({"analytics": True}, {key: nonsense})
        assert said["analytics"] is False
        assert said["analytics_disable"] is False

    def test_a_flag_says_where_the_log_is_before_any_file_does(self) -> None:
        files: list[Mapping[str, object]] = [{"analytics-log": "one"}, {"analytics_log": "two"}]
        assert combined({"analytics_log": "flag"}, *files)["analytics_log"] == "flag"
        assert combined(None, *files)["analytics_log"] == "one"
        assert combined(None, {"analytics-log": False})["analytics_log"] is None

    def test_a_log_that_is_no_path_turns_the_session_off(self) -> None:
        """Someone wanted to see what is sent, and can't."""
        said = combined({"analytics": True}, {"analytics-log": True})
        assert (said["analytics"], said["analytics_log"]) == (False, None)

    def test_a_value_that_its_file_cannot_tell_turns_the_session_off_and_hides_no_other(
        self,
    ) -> None:
        """`%` means something to ConfigParser, and fails when it is read."""
        file = configparser.ConfigParser()
        file.read_string("[a]\nanalytics-log = log-%d.jsonl\nanalytics-disable = yes")
        said = combined({"analytics": True}, file["a"])
        assert said["analytics"] is False
        assert said["analytics_disable"] is True

    def test_a_file_that_cannot_be_read_at_all_turns_the_session_off(self) -> None:
        class Gone(dict[str, object]):
            def keys(self) -> NoReturn:
                raise OSError("the file is gone")

        said = combined({"analytics": True, "analytics_log": "log"}, Gone())
        assert (said["analytics"], said["analytics_disable"]) == (False, False)


class TestAProjectsSettings:
    """A file that comes with a project is the word of whoever wrote the project."""

    @pytest.mark.parametrize(
        "no",
        [
            {"analytics": False},
            {"analytics": "off"},
            {"analytics": "perhaps"},
            {"no-analytics": True},
            {"analytics-disable": True},
            {"analytics_disable": "perhaps"},
        ],
        ids=str,
    )
    def test_can_say_no_for_the_session(self, no: dict[str, object]) -> None:
        said = combined({"analytics": True}, {"analytics": True}, project_settings=no)
        assert said == {**UNSET, "analytics": False, "analytics_asked": True}

    @pytest.mark.parametrize(
        "yes", [{"analytics": True}, {"no-analytics": "no", "analytics_disable": 0}], ids=str
    )
    def test_can_say_yes_for_nobody(self, yes: dict[str, object]) -> None:
        assert combined(None, project_settings=yes) == UNSET
        assert combined({"analytics": False}, project_settings=yes)["analytics"] is False
        assert combined({"analytics": True}, project_settings=yes)["analytics"] is True

    def test_cannot_have_a_file_appended_to(self) -> None:
        log = {"analytics-log": "/home/ada/.profile"}
        assert combined(None, project_settings=log) == {**UNSET, "analytics": False}
        said = combined({"analytics_log": "mine"}, project_settings=log)
        assert (said["analytics"], said["analytics_log"]) == (None, "mine")

    def test_may_be_several_and_any_no_counts(self) -> None:
        several: list[Mapping[str, object] | None] = [{"analytics": True}, None, {"analytics": 0}]
        assert combined(None, project_settings=several)["analytics"] is False
        assert combined(None, project_settings=[]) == UNSET

    def test_that_cannot_be_read_are_a_no(self) -> None:
        def failing() -> Iterator[Mapping[str, object]]:
            raise OSError("the file is gone")
            yield {}

        assert combined({"analytics": True}, project_settings=failing())["analytics"] is False
