"""Run aider with its analytics replaced by ours: a program for the Python that aider runs on.

    python launch.py PROGRAM [aider's own arguments]

It is started by `aboveboard aider` and takes the place of aider's own few lines of program.
`aider.analytics` is in `sys.modules` before aider looks for it, so that neither aider's module nor
posthog nor mixpanel is ever imported, and no file of aider's is touched. Nothing of the environment
that aboveboard is installed in becomes importable here, but aboveboard itself.

An aider that is not known here runs with its analytics off. So this file must run on any Python 3
that aider runs on, and needs nothing but itself.
"""

import importlib
import os
import sys
import types
from pathlib import Path

KNOWN = "0.8"
"""The versions whose analytics module is known, but for the last digit of the second number."""

NEEDED = ("class Analytics", "def need_to_ask(", "def enable(", "def disable(", "def event(")
"""What aider's module has, and ours therefore."""


def main() -> int:
    """Be aider; return its exit code."""
    endpoint, key = os.environ.get("ABOVEBOARD_ENDPOINT"), os.environ.get("ABOVEBOARD_KEY")
    program = sys.argv[1]
    sys.argv = sys.argv[1:]
    if sys.path and Path(sys.path[0]).resolve() == Path(__file__).resolve().parent:
        # What Python puts there for aider's own program.
        sys.path[0] = str(Path(program).resolve().parent)
    try:
        aider = importlib.import_module("aider")
    except ImportError as error:
        if error.name != "aider":
            raise
        sys.stderr.write(
            f"aboveboard aider: {sys.executable} has no aider; "
            "`pip install aider-install && aider-install` installs it\n"
        )
        return 1
    replacement: types.ModuleType = Nothing("aider.analytics")
    reason = strange(aider)
    if not reason:
        try:
            load_aboveboard()
            replacement = importlib.import_module("aboveboard.hosts.aider.analytics")
            replacement.configure(aider.__version__, endpoint or "", key or "")
        except Exception as error:  # noqa: BLE001  # whatever it is, aider runs
            reason = f"aboveboard itself failed ({type(error).__name__})"
    if reason:
        sys.stderr.write(f"aboveboard: analytics are off: {reason}\n")
    sys.modules["aider.analytics"] = replacement
    setattr(aider, "analytics", replacement)  # noqa: B010  # mypy: a module has no such attribute
    # Before aider reads its arguments, which a --help, a --version or a mistake ends.
    news = refuses(sys.argv[1:]) and (Off if reason else replacement).refuse()
    try:
        status: int = importlib.import_module("aider.main").main()  # or None, which is 0 as well
    except SystemExit:
        if news and not replacement.Analytics.told:  # aider itself says so where it goes on
            sys.stderr.write("Analytics have been permanently disabled.\n")
        raise
    return status


def refuses(words: "list[str]") -> bool:
    """Return whether `--analytics-disable` is typed, in full or as short as a parser understands.

    aider has no commands and no option that takes such a word for its value.
    """
    for word in words:
        if word == "--":
            return False
        if word.startswith("--analytics-d") and "--analytics-disable".startswith(word):
            return True
    return False


def strange(aider: types.ModuleType) -> str:
    """Return what is unknown about an aider, in words; "" where nothing is."""
    version = str(getattr(aider, "__version__", "of no version"))
    numbers = version.split(".")
    if ".".join(numbers[:2])[:-1] != KNOWN or not numbers[1][-1].isdigit():
        return f"aider {version} is not known to this aboveboard"
    if sys.version_info < (3, 10):  # noqa: UP036  # this file runs on what aider runs on
        this = ".".join(map(str, sys.version_info[:2]))
        return f"aboveboard needs Python 3.10 or newer, and aider runs on {this}"
    try:
        source = Path(str(aider.__file__)).with_name("analytics.py").read_text(encoding="utf-8")
    except (OSError, ValueError):
        source = ""
    if not all(words in source for words in NEEDED):
        return f"the analytics of this aider {version} are not as known"
    return ""


def load_aboveboard() -> None:
    """Make the aboveboard that this file is part of importable, and nothing that lies beside it."""
    from importlib.util import module_from_spec, spec_from_file_location

    if "aboveboard" in sys.modules:
        return
    package = Path(__file__).resolve().parents[2]
    spec = spec_from_file_location(
        "aboveboard", package / "__init__.py", submodule_search_locations=[str(package)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(package)
    module = module_from_spec(spec)
    sys.modules["aboveboard"] = module
    spec.loader.exec_module(module)


class Nothing(types.ModuleType):
    """Stands for the analytics of an aider that is not known: takes everything, does nothing."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return Off


class Off:
    """Whatever it is asked, nothing is collected. A typed no that is for good is kept before.

    One that a file says, which may be a project's, holds for the session, as it does anyway.
    """

    told = False

    def __init__(self, *_arguments: object, **named: object) -> None:
        if named.get("permanently_disable"):
            Off.told = True

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return lambda *_arguments, **_named: None

    @staticmethod
    def refuse() -> bool:
        """Keep a no for good; return whether that could be done."""
        try:
            load_aboveboard()
            install = importlib.import_module("aboveboard.client.install")
            startup = importlib.import_module("aboveboard.client.decision.startup")
            kept = bool(install.Install("aider", startup.environ(), "~/.aider").disable())
        except Exception:  # noqa: BLE001
            kept = False
        if not kept:
            sys.stderr.write("aboveboard: that could not be saved; this session is off.\n")
        return kept


if __name__ == "__main__":
    sys.exit(main())
