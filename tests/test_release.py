"""What is released: the wheel and the sdist, each tried where there is nothing else."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.thorough

TOOL = """
from aboveboard import Analytics, Event, count

class Done(Event):
    'Something was done.'
    things: int = count("How many")

them = Analytics(
    app="t", version="1", catalog=[Done], url="", endpoint="http://127.0.0.1:9", key="key"
)
them.open()
them.record(Done(things=1))
print(them.details())
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the files of a release, by how they end."""
    place = tmp_path_factory.mktemp("dist")
    words = [sys.executable, "-m", "hatchling", "build", "--directory", str(place)]
    subprocess.run(words, cwd=ROOT, check=True, capture_output=True)
    wheel, sdist = (next(place.glob(f"*{end}")) for end in (".whl", ".tar.gz"))
    return {"whl": wheel, "tar.gz": sdist}


def environment(place: Path, file: Path) -> Path:
    """Install a file, and nothing else, into an environment of its own; return its programs."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "install"]
    quiet = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-index"]
    subprocess.run([*pip, *quiet, str(file)], check=True)
    return place / "bin"


def run(*words: str | Path, home: Path) -> subprocess.CompletedProcess[str]:
    environ = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    return subprocess.run(words, env=environ, cwd=home, capture_output=True, text=True, check=False)


def test_the_wheel_is_a_whole_client_with_nothing_else(
    built: dict[str, Path], tmp_path: Path
) -> None:
    programs = environment(tmp_path / "env", built["whl"])
    said = run(programs / "aboveboard", "--version", home=tmp_path)
    assert said.stdout.startswith("aboveboard ")
    said = run(programs / "python", "-W", "error", "-c", TOOL, home=tmp_path)
    assert (said.returncode, said.stderr) == (0, "")
    assert "Something was done." in said.stdout
    said = run(programs / "aboveboard", "status", home=tmp_path)
    assert said.returncode == 0, said.stderr
    said = run(programs / "aboveboard", "serve", home=tmp_path)
    assert "aboveboard[collector]" in said.stderr
    assert "Traceback" not in said.stderr


def test_the_wheel_has_the_package_alone(built: dict[str, Path]) -> None:
    names = zipfile.ZipFile(built["whl"]).namelist()
    assert {name.split("/")[0] for name in names} == {
        "aboveboard",
        next(name.split("/")[0] for name in names if ".dist-info/" in name),
    }
    there = {name.removeprefix("aboveboard/") for name in names}
    package = ROOT / "src" / "aboveboard"
    for path in package.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(package).as_posix() in there, path


def test_the_sdist_builds_the_same_wheel(built: dict[str, Path], tmp_path: Path) -> None:
    with tarfile.open(built["tar.gz"]) as sdist:
        sdist.extractall(tmp_path, filter="data")
    (source,) = tmp_path.iterdir()
    words = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "out")]
    subprocess.run(words, cwd=source, check=True, capture_output=True)
    (again,) = (tmp_path / "out").glob("*.whl")
    one, other = (zipfile.ZipFile(file) for file in (built["whl"], again))
    assert sorted(one.namelist()) == sorted(other.namelist())
    for name in one.namelist():
        assert one.read(name) == other.read(name), name
    assert not [path for path in source.rglob("*") if path.name in (".venv", ".cache", "var")]
