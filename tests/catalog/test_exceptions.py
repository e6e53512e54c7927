"""Exceptions reduced: type, places in named packages, fingerprint; nothing that a user wrote."""

from __future__ import annotations

import builtins
import json
import os
import pickle
import shutil
import struct
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aboveboard.catalog import exceptions, kinds
from aboveboard.catalog.event import check_name
from aboveboard.catalog.kinds import CatalogError
from tests.conftest import ROOT

PACKAGES = ["aboveboard"]
CANARY = "sk-canary/5ecret"


def caught(path_in_ours: str = CANARY) -> BaseException:
    """An error raised inside the package, called from a user's code with a secret in hand."""
    secret = path_in_ours
    try:
        check_name("event", secret)
    except CatalogError as error:
        return error
    raise AssertionError


class TestReduce:
    """What is kept of an exception."""

    def test_keeps_type_and_the_packages_own_frames(self) -> None:
        reduced = exceptions.reduce(caught(), PACKAGES)
        assert reduced["type"] == "aboveboard.CatalogError"
        (frame,) = cast("list[str]", reduced["frames"])
        assert frame.startswith("aboveboard.catalog.event:check_name:")

    def test_nothing_of_the_users_is_in_it(self) -> None:
        assert CANARY not in json.dumps(exceptions.reduce(caught(), PACKAGES))
        assert "test_exceptions" not in json.dumps(exceptions.reduce(caught(), PACKAGES))

    def test_a_type_of_the_users_own_is_other(self) -> None:
        class MySecretProjectError(Exception):
            pass

        assert exceptions.reduce(MySecretProjectError(CANARY), PACKAGES)["type"] == "other"

    def test_a_type_that_claims_another_module_is_not_believed(self) -> None:
        claimed = type("sk_canary", (Exception,), {"__module__": "builtins"})
        assert exceptions.reduce(claimed(), PACKAGES)["type"] == "other"

    def test_code_that_claims_another_module_is_not_believed(self) -> None:
        space = {"__name__": "aboveboard.catalog.event"}
        with pytest.raises(ZeroDivisionError) as raised:
            exec(compile("def sk_canary():\n 1/0\nsk_canary()", "event.py", "exec"), space)
        assert exceptions.reduce(raised.value, PACKAGES)["frames"] == []

    def test_an_exception_that_fails_when_told_to_print_itself_is_no_trouble(self) -> None:
        class BrokenError(ValueError):
            def __str__(self) -> str:
                raise RuntimeError(CANARY)

            __repr__ = __str__

        assert exceptions.reduce(BrokenError(), PACKAGES)["type"] == "other"

    def test_a_deep_recursion_is_short(self) -> None:
        def deeper(number: int) -> None:
            if number == 0:
                check_name("event", CANARY)
            deeper(number - 1)

        with pytest.raises(CatalogError) as raised:
            deeper(800)
        assert len(json.dumps(exceptions.reduce(raised.value, PACKAGES))) < 4000

    def test_the_fingerprint_does_not_change_with_line_numbers(self) -> None:
        one = exceptions.reduce_again(
            {"type": "KeyError", "frames": ["aboveboard.x:f:1"]}, PACKAGES
        )
        two = exceptions.reduce_again(
            {"type": "KeyError", "frames": ["aboveboard.x:f:9"]}, PACKAGES
        )
        assert one is not None
        assert two is not None
        assert one["fingerprint"] == two["fingerprint"]


class TestTheStandardLibrary:
    """Its types have public names, wherever they are raised."""

    @pytest.mark.parametrize(
        ("fail", "told"),
        [
            (lambda: json.loads("{"), "json.JSONDecodeError"),
            (lambda: pickle.loads(b"x"), "pickle.UnpicklingError"),
            (lambda: subprocess.run([sys.executable, "-c", "1/0"], check=True, capture_output=True),
             "subprocess.CalledProcessError"),
            (lambda: struct.unpack("i", b""), "struct.error"),
        ],
    )  # fmt: skip
    def test_keep_their_names_here_and_from_the_wire(
        self, fail: Callable[[], object], told: str
    ) -> None:
        with pytest.raises(Exception) as raised:  # noqa: PT011  # which it is, is looked at below
            fail()
        reduced = exceptions.reduce(raised.value, [])
        assert reduced["type"] == told
        assert exceptions.reduce_again(reduced, []) == reduced
        assert exceptions.reduce_text(f"{told}: {CANARY}", []) == {
            **reduced,
            "fingerprint": exceptions.reduce_text(told, [])["fingerprint"],  # type: ignore[index]
        }

    def test_are_not_believed_of_a_type_that_only_says_so(self) -> None:
        claimed = type("JSONDecodeError", (Exception,), {"__module__": "json.decoder"})
        assert exceptions.reduce(claimed(), [])["type"] == "other"

    def test_a_child_of_the_users_is_other(self) -> None:
        class Secret(json.JSONDecodeError):
            pass

        assert exceptions.reduce(Secret("x", "y", 0), [])["type"] == "other"

    @pytest.mark.thorough
    def test_the_list_has_all_of_this_pythons(self) -> None:
        tool = ROOT / "tools/exception_types.py"
        checked = subprocess.run(
            [sys.executable, str(tool), "--check"], capture_output=True, text=True, check=False
        )
        assert (checked.returncode, checked.stdout) == (0, "")


OWN = """
class OwnError(Exception):
    pass

def fail():
    raise OwnError
"""
USERS = """
class AcmeMergerError(Exception):
    pass

def pay_mallory():
    raise AcmeMergerError

pay_mallory()
"""
HOST = """
import importlib, importlib.util, json, sys
from aboveboard.catalog import exceptions

package, own, name, users = sys.argv[1:]

def load_users_file():
    spec = importlib.util.spec_from_file_location(name, users)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)

def told(run):
    try:
        run()
    except Exception as error:
        return exceptions.reduce(error, [package])

print(json.dumps([told(importlib.import_module(own).fail), told(load_users_file)]))
"""


# What the catalog names, the module of it that fails, and its files.
LAYOUTS = {
    "package": ("host", "host", ["host/__init__.py"]),
    "module": ("host", "host.core", ["host/__init__.py", "host/core.py"]),
    "subpackage": ("host", "host.a.b", ["host/__init__.py", "host/a/__init__.py", "host/a/b.py"]),
    "folder without __init__": ("host", "host.a.b", ["host/__init__.py", "host/a/b.py"]),
    "one file": ("host", "host", ["host.py"]),
    "no __init__": ("host", "host.core", ["host/core.py"]),
    "in a namespace": ("acme.host", "acme.host.b", ["acme/host/__init__.py", "acme/host/b.py"]),
    "namespace": ("acme", "acme.host.b", ["acme/host/__init__.py", "acme/host/b.py"]),
}


class TestWhoseFile:
    """A program may load its user's file under a name of its own, and still tells nothing of it."""

    def run(
        self, folder: Path, package: str, own: str, users: str, *path: Path
    ) -> list[tuple[str, list[str]]]:
        """Return what is told of the host's own failure, and of one in a file of its user's."""
        (folder / "conf.py").write_text(USERS)
        ran = subprocess.run(
            [sys.executable, "-c", HOST, package, own, f"{package}.userconfig", users],
            env={"PYTHONPATH": os.pathsep.join(map(str, path)), "PATH": os.environ["PATH"]},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return [(reduced["type"], reduced["frames"]) for reduced in json.loads(ran.stdout)]

    def install(self, site: Path, *files: str) -> Path:
        for name in files:
            (site / name).parent.mkdir(parents=True, exist_ok=True)
            (site / name).write_text(OWN)
        return site

    @pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
    @pytest.mark.parametrize("packed", ["folder", "zip", "link"])
    def test_the_packages_own_is_told_and_the_users_is_not(
        self, tmp_path: Path, layout: tuple[str, str, list[str]], packed: str
    ) -> None:
        package, own, files = layout
        site = self.install(tmp_path / "site", *files)
        if packed == "zip":
            site = Path(shutil.make_archive(str(site), "zip", site))
        elif packed == "link":
            (tmp_path / "linked").symlink_to(site)
            site = tmp_path / "linked"
        top = package.partition(".")[0]
        of_host, of_user = self.run(tmp_path, package, own, str(tmp_path / "conf.py"), site)
        assert of_host == (f"{top}.OwnError", [f"{own}:fail:6"])
        assert of_user == ("other", [])

    @pytest.mark.parametrize("way", ["host/../../conf.py", "host/userconfig/../../../conf.py"])
    def test_a_way_out_of_the_packages_folder_is_a_way_out(self, tmp_path: Path, way: str) -> None:
        site = self.install(tmp_path / "site", "host/__init__.py")
        (site / "host" / "userconfig").mkdir()
        _, of_user = self.run(tmp_path, "host", "host", f"{site}/{way}", site)
        assert of_user == ("other", [])

    def test_a_package_without_init_that_the_user_has_too_tells_nothing(
        self, tmp_path: Path
    ) -> None:
        site = self.install(tmp_path / "site", "host/core.py")
        work = self.install(tmp_path / "work", "host/mine.py")
        users = str(tmp_path / "conf.py")
        assert self.run(tmp_path, "host", "host.core", users, site, work)[0] == ("other", [])

    @pytest.mark.parametrize("file", ["host.py", "host/__main__.py"])
    def test_what_is_run_with_dash_m_is_told_by_its_real_name(
        self, tmp_path: Path, file: str
    ) -> None:
        program = tmp_path / file
        program.parent.mkdir(exist_ok=True)
        program.write_text(
            "def fail():\n    raise KeyError\n"
            "import json\nfrom aboveboard.catalog import exceptions\n"
            "try:\n    fail()\nexcept KeyError as error:\n"
            "    print(json.dumps(exceptions.reduce(error, ['host'])['frames']))\n"
        )
        ran = subprocess.run(
            [sys.executable, "-m", "host"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        name = file.removesuffix(".py").replace("/", ".")
        assert json.loads(ran.stdout) == [f"{name}:<module>:6", f"{name}:fail:2"]

    @pytest.mark.parametrize(
        ("file", "made", "told"),
        [
            ("host.py", "script", ("host.AcmeError", ["host:<module>:8", "host:fail:6"])),
            ("host.py", "library", ("other", [])),  # a user's script of that name
            ("acme_merger.py", "script", ("other", [])),  # which no package is named
            ("host.acme.py", "script", ("other", [])),
        ],
    )
    def test_a_script_is_told_by_its_name_if_it_made_the_analytics(
        self, tmp_path: Path, file: str, made: str, told: tuple[str, list[str]]
    ) -> None:
        make = (
            "from aboveboard import Analytics; analytics = Analytics(app='host', version='1', "
            "catalog=[], packages=['host'], endpoint='https://x.example', key='k')\n"
        )
        (tmp_path / "library.py").write_text(make)
        (tmp_path / file).write_text(
            (make if made == "script" else "from library import analytics\n") + "import json\n"
            "class AcmeError(Exception):\n    pass\n"
            "def fail():\n    raise AcmeError\n"
            "try:\n    fail()\nexcept AcmeError as error:\n"
            "    kind = analytics.catalog.entries['exception'].properties['error'].kind\n"
            "    told = kind.accept(error)\n"
            "    print(json.dumps([told['type'], told['frames']]))\n"
        )
        ran = subprocess.run(
            [sys.executable, file],
            cwd=tmp_path, capture_output=True, text=True, check=True,
            env={"PYTHONPATH": str(ROOT / "src"), "HOME": str(tmp_path)},
        )  # fmt: skip
        assert tuple(json.loads(ran.stdout)) == told


class TestWhichFile:
    """Where a module of that name lies in a package, and so which code is the package's own."""

    @pytest.fixture
    def frames(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
        def fail(
            name: str, file: str, code: str = "", called: str = "fail", **spaces: dict[str, Any]
        ) -> list[str]:
            """Return the frames told of a failure in a made-up module, beside others made up."""
            own: dict[str, dict[str, Any]] = {name: {"__file__": file}}
            for other, known in (own | spaces).items():
                module = types.ModuleType(other)
                vars(module).update(known)
                monkeypatch.setitem(sys.modules, other, module)
            space = vars(sys.modules[name])
            exec(compile(f"def {called}():\n    raise KeyError", code or file, "exec"), space)
            try:
                space[called]()
            except KeyError as error:
                reduced = exceptions.reduce(error, ["host"])
            return cast("list[str]", reduced["frames"])

        return fail

    @pytest.mark.parametrize(
        ("host", "name", "file", "told"),
        [
            ({}, "host", "/h/host.py", True),
            ({"__file__": "/h/host.py"}, "host.sub", "/h/host/sub.py", False),
            ({"__file__": "/h/host.py"}, "host.sub", "/h/sub.py", False),
            ({"__file__": "/h/host/__init__.py"}, "host.sub", "/h/host/sub.py", True),
            ({"__file__": "/h/host/__init__.py"}, "host.sub", "/h/host/sub.abi3.so", True),
            ({"__file__": "/h/host/__init__.py"}, "host.sub", "/h/host/sub/__init__.py", True),
            ({"__file__": "/h/host/__init__.py"}, "host.sub", "/h/host/__init__.py", False),
            ({"__file__": "/h/host/__init__.py"}, "host.sub", "/u/sub.py", False),
            ({"__path__": ["/h/host"]}, "host.sub", "/h/host/sub.py", True),
            ({"__path__": ["/h/host", "/u/host"]}, "host.sub", "/h/host/sub.py", False),
            ({"__path__": []}, "host.sub", "/h/host/sub.py", False),
            ({"__path__": None}, "host.sub", "/h/host/sub.py", False),
        ],
    )
    def test_only_the_package_s_own_place_is_believed(
        self,
        frames: Callable[..., list[str]],
        host: dict[str, object],
        name: str,
        file: str,
        told: bool,
    ) -> None:
        others = {"host": host} if host else {}
        assert frames(name, file, **others) == ([f"{name}:fail:2"] if told else [])

    def test_code_that_a_module_made_of_a_text_is_nobody_s(
        self, frames: Callable[..., list[str]]
    ) -> None:
        assert frames("host", "/h/host.py", code="<string>") == []
        assert frames("host", "/h/host.py", code="/u/conf.py") == []

    @pytest.mark.parametrize(
        ("frozen", "folder", "code", "told"),
        [
            (True, "/m", "host/sub.py", True),
            (False, "/m", "host/sub.py", False),
            (True, "/elsewhere", "host/sub.py", False),
            (True, None, "host/sub.py", False),
            (True, "/m", "/u/host/sub.py", False),
        ],
    )
    def test_a_frozen_program_s_code_lies_in_its_own_folder(
        self,
        frames: Callable[..., list[str]],
        monkeypatch: pytest.MonkeyPatch,
        frozen: bool,
        folder: str | None,
        code: str,
        told: bool,
    ) -> None:
        monkeypatch.setattr(sys, "frozen", frozen, raising=False)
        monkeypatch.setattr(sys, "_MEIPASS", folder, raising=False)
        host = {"__file__": "/m/host/__init__.py"}
        found = frames("host.sub", "/m/host/sub.py", code=code, host=host)
        assert found == (["host.sub:fail:2"] if told else [])

    def test_a_name_may_be_as_long_as_a_place_has_room_for(
        self, frames: Callable[..., list[str]]
    ) -> None:
        room = exceptions.PLACE_MAX - len(":99999")
        inner, name = "m" * 28, "n" * 60
        module, file = f"host.{inner}.{name}", f"/h/host/{inner}/{name}.py"
        host = {"__file__": "/h/host/__init__.py"}
        fits = "f" * (room - len(f"{module}:"))

        assert frames(module, file, called=fits, host=host) == [f"{module}:{fits}:2"]
        assert frames(module, file, called=fits + "f", host=host) == []


class TestLies:
    """A class may say anything of itself."""

    def test_no_metaclass_and_no_string_that_lies_is_believed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Liar(str):
            __slots__ = ()

            def __hash__(self) -> int:
                return hash("Event")

            def __eq__(self, other: object) -> bool:
                return True

        def interrupt(_cls: object) -> str:
            raise KeyboardInterrupt

        host = "aboveboard.catalog.event"
        lies: list[dict[str, Any]] = [
            {"__name__": property(lambda _cls: Liar("sk_canary"))},
            {"__name__": property(interrupt)},
            {"__name__": property(lambda _cls: "Event"), "__module__": property(lambda _cls: host)},
        ]
        kinds_of_lies: list[Any] = [
            type("Meta", (type,), lie)("Own", (Exception,), {"__module__": host}) for lie in lies
        ]
        renamed = type(Liar("sk_canary"), (Exception,), {"__module__": host})
        for kind in (*kinds_of_lies, renamed):
            monkeypatch.setattr(sys.modules[host], "Event", kind)
            assert exceptions.reduce(kind(), PACKAGES)["type"] == "other"

    def test_what_is_no_exception_is_no_cause(self) -> None:
        def fail(_error: object) -> str:
            raise RuntimeError

        odd: Any = type(
            "Odd",
            (ValueError,),
            {"__cause__": property(lambda _error: CANARY), "__traceback__": property(fail)},
        )
        reduced = exceptions.reduce(odd(), PACKAGES)
        assert (reduced["type"], reduced["frames"], reduced["causes"]) == ("other", [], [])

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with 3.11")
    def test_the_members_of_a_group_are_those_that_it_was_made_with(self) -> None:
        members = property(lambda _group: [CANARY, 3])
        odd: Any = type("Odd", (builtins.ExceptionGroup,), {"exceptions": members})
        assert exceptions.reduce(odd("m", [KeyError()]), PACKAGES)["causes"] == ["KeyError"]


class TestFromTheWire:
    """What the collector believes."""

    def test_keeps_only_what_has_the_form_of_a_reduction(self) -> None:
        claimed: dict[str, object] = {
            "type": CANARY,
            "frames": ["aboveboard.x:f:1", "/home/me/x.py:f:1", "my.secret:f:1", 3, "aboveboard:f"],
            "message": CANARY,
        }
        reduced = exceptions.reduce_again(claimed, PACKAGES)
        assert reduced is not None
        assert set(reduced) == {"type", "frames", "causes", "fingerprint"}
        assert reduced["type"] == "other"
        assert reduced["frames"] == ["aboveboard.x:f:1"]

    @pytest.mark.parametrize(
        "name",
        [
            "user_4915112345678", "u5f2c7a527c1b", "deadbeef01234567", "a" * 64 + "_" + "b" * 140,
            "f.g", "ü", "",
        ],
    )  # fmt: skip
    def test_a_name_that_no_code_has_is_no_place_and_no_type(self, name: str) -> None:
        claimed: dict[str, object] = {
            "type": f"aboveboard.{name}",
            "frames": [f"aboveboard.x:{name}:1", f"aboveboard.{name}:f:1", "aboveboard.x:f:123456"],
            "causes": [f"aboveboard.{name} aboveboard.x:{name}:1"],
        }
        if name == "f.g":  # which a module may be called, and no function
            claimed["frames"] = [f"aboveboard.x:{name}:1"]
            claimed["type"] = "other"
            claimed["causes"] = [f"other aboveboard.x:{name}:1"]
        reduced = exceptions.reduce_again(claimed, PACKAGES)
        assert reduced is not None
        assert (reduced["type"], reduced["frames"], reduced["causes"]) == ("other", [], ["other"])

    @pytest.mark.parametrize("name", ["sha256", "_mm256_add", "test_mt19937", "face_off"])
    def test_a_name_that_code_has_is_a_place(self, name: str) -> None:
        frame = f"aboveboard.x:{name}:1"
        reduced = exceptions.reduce_again({"type": "KeyError", "frames": [frame]}, PACKAGES)
        assert reduced is not None
        assert reduced["frames"] == [frame]

    def test_of_a_million_claimed_frames_the_innermost_are_looked_at(self) -> None:
        claimed: dict[str, object] = {"type": "KeyError", "frames": ["aboveboard.x:f:1"] * 10**6}
        reduced = exceptions.reduce_again(claimed, PACKAGES)
        assert reduced is not None
        assert reduced["frames"] == ["aboveboard.x:f:1"] * exceptions.FRAMES_MAX

    def test_a_type_of_a_package_below_another_passes_as_the_client_tells_it(self) -> None:
        reduced = exceptions.reduce(kinds.KindError("x"), ["aboveboard.catalog"])
        assert reduced["type"] == "aboveboard.KindError"
        assert exceptions.reduce_again(reduced, ["aboveboard.catalog"]) == reduced

    def test_its_own_reductions_pass_unchanged(self) -> None:
        reduced = exceptions.reduce(caught(), PACKAGES)
        assert exceptions.reduce_again(reduced, PACKAGES) == reduced

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("litellm.RateLimitError: key sk-1 is over", "RateLimitError"),
            ("KeyError: 'sk-1'", "KeyError"),
            ("MySecret: x", None),
            ("", None),
        ],
    )
    def test_a_text_gives_a_known_name_at_most(self, text: str, kept: str | None) -> None:
        reduced = exceptions.reduce_text(text, ["RateLimitError"])
        assert (reduced and reduced["type"]) == kept

    @given(st.text())
    def test_no_text_gets_through(self, text: str) -> None:
        kept = kinds.Exception_(PACKAGES, ["RateLimitError"]).accept(text)
        if kept is not kinds.REJECTED:
            assert isinstance(kept, dict)
            assert kept["frames"] == []
            assert kept["type"] in ["RateLimitError", *dir(builtins)]


class TestCauses:
    """What an exception came from."""

    def test_are_told_by_type_and_innermost_place_nearest_first(self) -> None:
        with pytest.raises(RuntimeError) as raised:  # noqa: PT012  # two raises are one subject
            try:
                try:
                    check_name("event", CANARY)
                except CatalogError as error:
                    raise KeyError(CANARY) from error
            except KeyError:
                raise RuntimeError(CANARY)  # noqa: B904  # implicit chaining is what is tested
        reduced = exceptions.reduce(raised.value, PACKAGES)
        first, second = cast("list[str]", reduced["causes"])
        assert first == "KeyError"
        assert second.startswith("aboveboard.CatalogError aboveboard.catalog.event:check_name:")
        assert exceptions.reduce_again(reduced, PACKAGES) == reduced
        assert CANARY not in json.dumps(reduced)

    def test_a_suppressed_context_is_not_told(self) -> None:
        with pytest.raises(RuntimeError) as raised:  # noqa: PT012  # two raises are one subject
            try:
                1 / 0  # noqa: B018
            except ZeroDivisionError:
                raise RuntimeError from None
        assert exceptions.reduce(raised.value, PACKAGES)["causes"] == []

    @pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with 3.11")
    def test_the_members_of_a_group_are_causes(self) -> None:
        of = builtins.ExceptionGroup
        group = of(CANARY, [KeyError(CANARY), of(CANARY, [OSError()])])
        reduced = exceptions.reduce(group, PACKAGES)
        assert reduced["causes"] == ["KeyError", "ExceptionGroup", "OSError"]

    def test_a_circle_ends(self) -> None:
        one, two = KeyError(), OSError()
        one.__cause__, two.__cause__ = two, one
        assert exceptions.reduce(one, PACKAGES)["causes"] == ["OSError"]
