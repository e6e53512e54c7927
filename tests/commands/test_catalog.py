from __future__ import annotations

import pytest

from aboveboard.commands import main


@pytest.mark.parametrize("action", ["show", "json"])
def test_a_module_without_a_name_is_answered_with_how_to_write_it(
    action: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["catalog", action, "shelf.analytics"]) == 1
    assert capsys.readouterr().err == (
        "aboveboard catalog: there is no file shelf.analytics; for a catalog in the tool's own "
        "code write MODULE:NAME, such as shelf.analytics:analytics\n"
    )


@pytest.mark.parametrize("name", ["shelf.json", "./shelf", "some/shelf.analytics"])
def test_a_file_that_is_not_there_is_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["catalog", "show", name]) == 1
    assert capsys.readouterr().err == (
        f"aboveboard catalog: {name.removeprefix('./')} cannot be read: No such file or directory\n"
    )
