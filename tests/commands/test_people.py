"""`secret`, `people` and `tokens`, as an operator types them."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from aboveboard.collector.people import passwords
from aboveboard.collector.people.accounts import Accounts
from aboveboard.collector.people.register import Register
from tests import forked
from tests.collector.tool import Install, Server, add_project
from tests.conftest import in_turn

SECRET = "correct-horse-battery-staple-7"
PASSWORD = "blue-Otter-42-swims"


def aboveboard(
    data: Path, command: str, *words: str, given: str = "", **environ: str
) -> subprocess.CompletedProcess[str]:
    return forked.aboveboard(command, "--data", str(data), *words, said=given, **environ)


def kept(data: Path) -> str | None:
    with closing(Register(data)) as register:
        return register.secret()


class TestSecret:
    def test_it_is_read_from_a_pipe_and_kept_as_a_hash(self, tmp_path: Path) -> None:
        told = aboveboard(tmp_path, "secret", given=f"{SECRET}\n")
        assert (told.returncode, told.stdout) == (0, "")
        hashed = kept(tmp_path)
        assert hashed is not None
        assert passwords.matches(hashed, SECRET)

    def test_it_is_read_from_a_file(self, tmp_path: Path) -> None:
        file = tmp_path / "secret"
        file.write_text(f"{SECRET}\r\nanother line\n")
        assert aboveboard(tmp_path, "secret", "--file", str(file)).returncode == 0
        assert passwords.matches(kept(tmp_path) or "", SECRET)
        missing = aboveboard(tmp_path, "secret", "--file", "missing")
        assert (missing.returncode, missing.stdout) == (1, "")
        assert "missing cannot be read: No such file" in missing.stderr

    def test_one_is_made_and_printed_once(self, tmp_path: Path) -> None:
        told = aboveboard(tmp_path, "secret", "--new")
        assert told.returncode == 0
        assert passwords.matches(kept(tmp_path) or "", told.stdout.strip())

    @pytest.mark.parametrize("given", ["short\n", "1234567890123456\n", "", "\n"])
    def test_what_is_too_easy_is_refused_on_one_line(self, tmp_path: Path, given: str) -> None:
        told = aboveboard(tmp_path, "secret", given=given)
        assert (told.returncode, told.stdout) == (1, "")
        assert told.stderr.count("\n") == 1
        assert told.stderr.startswith("aboveboard secret: ")
        assert kept(tmp_path) is None

    @pytest.mark.parametrize("errors", ["surrogateescape", "strict"])
    def test_what_is_no_text_is_refused_on_one_line(self, tmp_path: Path, errors: str) -> None:
        told = subprocess.run(
            [sys.executable, "-m", "aboveboard", "secret", "--data", str(tmp_path)],
            input=f"\udcff{SECRET}\n".encode(errors="surrogateescape"),
            env=os.environ | {"PYTHONIOENCODING": f"utf-8:{errors}"},
            capture_output=True, check=False,
        )  # fmt: skip
        assert told.stderr == b"aboveboard secret: the admin secret is not UTF-8: write it so\n"
        assert (told.returncode, kept(tmp_path)) == (1, None)

    def test_it_is_removed(self, tmp_path: Path) -> None:
        aboveboard(tmp_path, "secret", given=SECRET)
        told = aboveboard(tmp_path, "secret", "--remove")
        assert told.returncode == 0
        assert "this machine" in told.stderr
        assert kept(tmp_path) is None

    def test_a_variable_that_goes_before_it_is_told(self, tmp_path: Path) -> None:
        told = aboveboard(tmp_path, "secret", given=SECRET, ABOVEBOARD_ADMIN_SECRET="x")
        assert "ABOVEBOARD_ADMIN_SECRET is set here" in told.stderr

    @pytest.mark.parametrize(("again", "code"), [(SECRET, 0), ("something else", 1)])
    def test_in_a_terminal_it_is_asked_for_twice_and_not_shown(
        self, tmp_path: Path, again: str, code: int
    ) -> None:
        pid, terminal = pty.fork()
        if pid == 0:
            words = ["-m", "aboveboard", "secret", "--data", str(tmp_path)]
            os.execv(sys.executable, [sys.executable, *words])
        shown = b""
        for prompt, typed in ((b"New admin secret: ", SECRET), (b"again: ", again)):
            while not shown.endswith(prompt):
                shown += os.read(terminal, 1000)
            os.write(terminal, f"{typed}\n".encode())
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        assert os.waitstatus_to_exitcode(status) == code
        assert SECRET.encode() not in shown
        assert (kept(tmp_path) is not None) is (code == 0)

    def test_with_it_a_collector_may_listen_for_others(self, tmp_path: Path) -> None:
        key = add_project(tmp_path)
        aboveboard(tmp_path, "secret", given=SECRET)
        server = Server(tmp_path, "--host", "0.0.0.0")
        try:
            assert server.request("GET", "/").status == 401
            told = {"Authorization": f"Bearer {SECRET}"}
            assert server.request("GET", "/metrics", headers=told).status == 200
            assert server.send(key, Install().start()).status == 200
            aboveboard(tmp_path, "secret", "--remove")
            assert server.request("GET", "/").status == 401, "it is nobody's, not everybody's"
        finally:
            server.stop()

    def test_a_collector_that_runs_asks_for_it_from_then_on(self, tmp_path: Path) -> None:
        add_project(tmp_path)
        server = Server(tmp_path)
        try:
            assert server.request("GET", "/metrics").status == 200
            aboveboard(tmp_path, "secret", given=SECRET)
            assert server.request("GET", "/metrics").status == 401
        finally:
            server.stop()


class TestPeople:
    def test_an_invitation_is_a_path_a_day_and_a_code(self, tmp_path: Path) -> None:
        told = aboveboard(tmp_path, "people", "add", "Ana Ü")
        assert told.returncode == 0
        first, link, code = told.stdout.splitlines()
        assert first.startswith("Ana Ü chooses a password once, until 2")
        assert link == "(the address of your dashboard)/invitation?name=Ana+%C3%9C"
        assert "say it in the place of the brackets, or set ABOVEBOARD_PUBLIC_URL\n" in told.stderr
        assert "there is no admin secret yet" in told.stderr
        with closing(Register(tmp_path)) as register:
            assert Accounts(register).is_invited("Ana Ü", code)

    def test_an_invitation_is_an_address_where_that_is_known(self, tmp_path: Path) -> None:
        add_project(tmp_path)
        public = "https://analytics.example.org/about"
        told = aboveboard(tmp_path, "people", "add", "ana", ABOVEBOARD_PUBLIC_URL=public)
        assert told.stdout.splitlines()[1] == f"{public}/invitation?name=ana"
        server = Server(tmp_path, "--base-path", "/about")
        url = f"http://127.0.0.1:{server.port}"
        try:
            told = aboveboard(tmp_path, "people", "add", "bo", ABOVEBOARD_PUBLIC_URL=public)
            link = told.stdout.splitlines()[1]
            assert link == f"{url}/about/invitation?name=bo", "what runs knows best"
            assert "that address is of this machine" in told.stderr
            assert server.request("GET", link.removeprefix(url)).status == 200
            shown = aboveboard(tmp_path, "projects", "set", "tool", "--public", "on").stdout
            assert f"everybody at {url}/about/public/tool/\n" in shown
        finally:
            server.stop()

    def test_a_password_may_be_given_instead(self, tmp_path: Path) -> None:
        add_project(tmp_path)
        words = ("add", "ana", "--project", "tool", "--password")
        told = aboveboard(tmp_path, "people", *words, given=PASSWORD)
        assert (told.returncode, told.stdout) == (0, "ana can sign in\n")
        _, row = aboveboard(tmp_path, "people", "list").stdout.splitlines()
        assert row.split()[:2] == ["ana", "tool"]
        assert row.endswith("never")

    def test_who_is_not_there_is_told_on_one_line(self, tmp_path: Path) -> None:
        for words in (("remove", "ana"), ("add", "admin"), ("add", "ana", "--project", "tol")):
            told = aboveboard(tmp_path, "people", *words)
            assert (told.returncode, told.stdout) == (1, ""), words
            assert told.stderr.startswith("aboveboard people: ")
            assert told.stderr.count("\n") == 1

    def test_nobody_says_how_to_let_somebody_look(self, tmp_path: Path) -> None:
        assert "people add NAME" in aboveboard(tmp_path, "people").stdout


class TestTokens:
    def test_one_is_shown_once_listed_by_name_and_revoked(self, tmp_path: Path) -> None:
        add_project(tmp_path)
        token = aboveboard(tmp_path, "tokens", "add", "reports").stdout.strip()
        assert token.startswith("abr_")
        listed = aboveboard(tmp_path, "tokens", "list").stdout
        assert token not in listed
        assert "reports  all projects" in listed
        assert aboveboard(tmp_path, "tokens", "revoke", "reports").returncode == 0
        again = aboveboard(tmp_path, "tokens", "revoke", "reports")
        assert (again.returncode, again.stderr.count("\n")) == (1, 1)

    def test_none_says_how_to_make_one(self, tmp_path: Path) -> None:
        assert "tokens add NAME" in aboveboard(tmp_path, "tokens").stdout


@pytest.mark.parametrize("path", in_turn(["analytics", "/a b", "/insights", "/e/x"], ["/e/x"]))
def test_a_base_path_that_cannot_be_is_refused_on_one_line(tmp_path: Path, path: str) -> None:
    told = aboveboard(tmp_path, "serve", "--base-path", path)
    assert told.returncode == 2
    assert told.stderr.count("\n") == 1
    assert "--base-path" in told.stderr
