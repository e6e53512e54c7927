"""What is under deploy/ is what it says: its steps are followed, its configurations are loaded.

No container is built and no unit is started here: docs/operating.md says so.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.collector.tool import Install, Server, add_project, ask
from tests.conftest import ROOT, missing

DEPLOY = ROOT / "deploy"
SECRET = "correct-horse-battery-staple-7"


class Dockerfile:
    """The instructions, in their order: `(name, words)`."""

    def __init__(self) -> None:
        text = (DEPLOY / "Dockerfile").read_text()
        text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
        lines = text.replace("\\\n", " ").splitlines()
        self.steps = [(line.split()[0], line.split(None, 1)[1]) for line in lines if line.strip()]

    def all(self, name: str) -> list[str]:
        return [words for step, words in self.steps if step == name]

    def copied(self) -> list[str]:
        """Return what is copied from the project."""
        return [
            source
            for words in self.all("COPY")
            if not words.startswith("--from")
            for source in words.split()[:-1]
        ]

    def command(self) -> list[str]:
        (entry,), (command,) = self.all("ENTRYPOINT"), self.all("CMD")
        return [*json.loads(entry), *json.loads(command)]


@pytest.fixture(scope="module")
def dockerfile() -> Dockerfile:
    return Dockerfile()


def test_the_requirements_have_hashes_and_are_what_a_collector_needs_as_it_is_tested() -> None:
    words = [sys.executable, "tools/requirements.py", "--check"]
    told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, "")


class TestTheContainer:
    def test_what_is_copied_is_there_and_reaches_the_build(self, dockerfile: Dockerfile) -> None:
        let_in = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
        assert let_in[0] == "*"
        for source in dockerfile.copied():
            assert (ROOT / source).exists(), source
            assert f"!{source.split('/')[0]}" in let_in, source

    def test_nobody_is_root_and_every_package_is_pinned(self, dockerfile: Dockerfile) -> None:
        (user,) = dockerfile.all("USER")
        assert all(int(part) > 0 for part in user.split(":"))
        assert len(dockerfile.all("FROM")) == 2
        installs = [words for words in dockerfile.all("RUN") if " install " in words]
        for words in installs:
            for each in re.findall(r"pip install ([^&]*)", words):
                assert "-r requirements/" in each or "--no-deps" in each, each

    @pytest.mark.thorough
    def test_what_is_copied_makes_the_package_and_that_serves_with_nothing_else_to_write_to(
        self, dockerfile: Dockerfile, tmp_path: Path
    ) -> None:
        if shutil.which("bwrap") is None:
            missing("bwrap")
        probe = ("bwrap", "--unshare-user", "--ro-bind", "/", "/", "true")
        if subprocess.run(probe, capture_output=True, check=False).returncode:
            pytest.skip("this machine lets nobody make a namespace of their own")
        site = self.build(dockerfile, tmp_path)
        data = tmp_path / "data"
        key = add_project(data)
        data.chmod(0o700)
        server = ContainedServer(dockerfile, site, data)
        assert server.request("GET", "/").status == 401
        assert server.send(key, Install().segment(3)).status == 200
        chart = {"Authorization": f"Bearer {SECRET}"}
        for path in ("/", "/insights/models", "/insights/models.csv"):
            assert server.request("GET", f"{path}?project=tool", headers=chart).status == 200
        (check,) = dockerfile.all("HEALTHCHECK")
        words = json.loads(check.partition("CMD ")[2])
        asked = [word.replace("8300", str(server.port)) for word in words[1:]]
        assert subprocess.run([sys.executable, *asked], check=False).returncode == 0
        server.end()
        said = server._reap()
        assert server.process.returncode == 0, said
        assert all(json.loads(line)["level"] == "info" for line in said.splitlines()), said
        assert ask(data, "SELECT count() FROM {project:Identifier}.message_send").rows == [(3,)]
        assert subprocess.run([sys.executable, *asked], stderr=-3, check=False).returncode != 0

    def build(self, dockerfile: Dockerfile, folder: Path) -> Path:
        """Build the wheel of what is copied and nothing else; return where it is unpacked."""
        source = folder / "build"
        for name in dockerfile.copied():
            into = source / name
            into.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, into)
        words = ["wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", "dist", "."]
        quiet = ["--quiet", "--disable-pip-version-check", "--no-cache-dir"]
        subprocess.run([sys.executable, "-m", "pip", *words, *quiet], cwd=source, check=True)
        (wheel,) = (source / "dist").glob("*.whl")
        with zipfile.ZipFile(wheel) as packed:
            packed.extractall(folder / "site")
        return folder / "site"


class ContainedServer(Server):
    """The container's command over the built package: all is read-only but the data directory.

    It has another user's number, no capability, and nothing that root could give it.
    """

    def __init__(self, dockerfile: Dockerfile, site: Path, data: Path) -> None:
        self.site = site
        self.words = dockerfile.command()
        super().__init__(data)

    def start(self) -> None:
        self.process = subprocess.Popen(
            self.command(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        assert self.process.stderr is not None
        first = self.process.stderr.readline()
        assert b" is at http" in first, first + self.process.communicate()[1]

    def end(self) -> None:
        """End the server as a container is ended; bwrap, above it, passes no signal on."""
        above = self.process.pid
        (pid,) = Path(f"/proc/{above}/task/{above}/children").read_text().split()
        os.kill(int(pid), signal.SIGTERM)

    def command(self) -> list[str]:
        program, *words = self.words
        assert program == "aboveboard"
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.site),
            "PYTHONDONTWRITEBYTECODE": "1",
            "HOME": "/mnt/data",
            "ABOVEBOARD_DATA": "/mnt/data",
            "ABOVEBOARD_ADMIN_SECRET": SECRET,
        }
        return [
            *("bwrap", "--die-with-parent", "--unshare-user", "--uid", "10001", "--gid", "10001"),
            *("--cap-drop", "ALL", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev"),
            # A folder of the root cannot be made, which is read-only: one that is there is covered.
            *("--tmpfs", "/mnt", "--dir", "/mnt/data", "--bind", str(self.data), "/mnt/data"),
            *("--remount-ro", "/mnt", "--clearenv"),
            *(word for name in environ for word in ("--setenv", name, environ[name])),
            *(sys.executable, "-m", "aboveboard", *words, "--port", str(self.port)),
        ]


class TestCompose:
    def test_shows_the_proxy_only_and_both_are_closed(self) -> None:
        told = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
        collector, proxy = told["services"]["collector"], told["services"]["proxy"]
        assert "ports" not in collector
        assert proxy["ports"] == ["80:80", "443:443"]
        for service in (collector, proxy):
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert service["security_opt"] == ["no-new-privileges:true"]
        assert (DEPLOY / collector["build"]["context"] / collector["build"]["dockerfile"]).exists()
        for service in (collector, proxy):
            for volume in service["volumes"]:
                source = volume.split(":")[0]
                assert source in told["volumes"] or (DEPLOY / source).exists(), source


class TestTheUnit:
    text = (DEPLOY / "aboveboard.service").read_text()

    @pytest.fixture(autouse=True)
    def _systemd(self) -> None:
        if shutil.which("systemd-analyze") is None:
            missing("systemd-analyze")

    def test_is_one_that_systemd_takes_and_finds_closed(self, tmp_path: Path) -> None:
        unit = tmp_path / "aboveboard.service"
        unit.write_text(
            re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", self.text, flags=re.MULTILINE)
        )
        taken = subprocess.run(
            ["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False
        )
        assert (taken.returncode, taken.stderr) == (0, "")
        closed = subprocess.run(
            ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(unit)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert closed.returncode == 0, closed.stdout[-300:]

    def test_starts_a_command_that_there_is(self, tmp_path: Path) -> None:
        (line,) = re.findall(r"^ExecStart=(.*)$", self.text, flags=re.MULTILINE)
        _, *words = shlex.split(line)
        assert words[:2] == ["serve", "--data"]
        assert (
            f"/var/lib/{re.findall('^StateDirectory=(.*)$', self.text, flags=re.MULTILINE)[0]}"
            in line
        )
        add_project(tmp_path)
        words[2] = str(tmp_path)
        helped = subprocess.run(
            [sys.executable, "-m", "aboveboard", *words, "--help"],
            capture_output=True,
            check=False,
        )
        assert helped.returncode == 0


class TestTheOperatorsPage:
    page = (ROOT / "docs/operating.md").read_text()

    def test_has_the_sizes_that_are_computed(self) -> None:
        words = [sys.executable, "bench/sizes.py"]
        told = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        (table,) = re.findall(r"<!-- sizes -->\n(.*?)\n<!-- end of sizes -->", self.page, re.DOTALL)
        assert table == told.stdout.rstrip()

    def test_says_what_to_do_about_each_line_of_readyz(self) -> None:
        collector = ROOT / "src/aboveboard/collector"
        source = (collector / "service.py").read_text() + (collector / "inbox/inbox.py").read_text()
        told = re.findall(r'"((?:nothing|nearly|a worker)[a-z :,]{12,})', source)
        assert len(told) >= 5
        for line in told:
            assert line.strip()[:24] in self.page, line
