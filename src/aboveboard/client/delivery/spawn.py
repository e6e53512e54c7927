"""Starting the child that sends, so that the host neither waits for it nor hears of it again."""

from __future__ import annotations

import os
import sys

from aboveboard.client.files import locks

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = (
    "HOME", "USERPROFILE", "PATH", "SYSTEMROOT", "WINDIR", "TEMP", "TMP", "LANG", "LC_ALL",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "DO_NOT_TRACK",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "all_proxy", "no_proxy",
)  # fmt: skip
"""The variables that a child is given: what it needs to run and to find its way out. No key and
no setting of the user's goes along."""

_FILES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")

# The package's own place comes last on the path, so that nothing beside it can stand in for a
# module of the standard library.
_PROGRAM = (
    "import sys; sys.path.append({root!r}); "
    "from aboveboard.client.delivery import {module}; {module}.main()"
)


def can_spawn() -> bool:
    """Return whether a sender can be started: this interpreter again, or this frozen program.

    A frozen program can be one if it was built with our hook, which has it look, before any of its
    code runs, whether it was started as one. An embedding one can't.
    """
    if is_frozen():
        return hasattr(sys, _SENDS)
    name = os.path.basename(sys.executable or "").lower()
    return name.startswith(("python", "pypy"))


def is_frozen() -> bool:
    return bool(getattr(sys, "frozen", False))


_SENDS = "_aboveboard_sends"
"""What `integrations/pyinstaller/rthooks` leaves in `sys`."""


LOCK = 3
"""The descriptor on which a child finds the sending lock, held already."""


def start(
    lock: str,
    variables: Mapping[str, str],
    environ: Mapping[str, str],
    *,
    apart: bool = False,
) -> None:
    """Start the child with `variables` and what it needs of `environ`, unless one is at it.

    The host takes the lock and hands it on: no second child is ever started, and the lock lives
    exactly as long as the child. The host waits for nothing, but for the shell (see `apart`).

    Isolated (`-I`: no PYTHON* variables, no user site, not the working directory on the path) and
    without the site module (`-S`), so that the user's Python configuration does not run in it.

    Args:
        lock: The file of the sending lock.
        variables: What the child is told.
        environ: The host's environment.
        apart: Whether the child is to be nobody's. Where the host goes on for a while, one of its
            own would stay as a zombie, and turn up in a host that waits for children. A shell is
            its parent then, for a millisecond or two.

    Raises:
        OSError: the system would not start it.
    """
    command, given = prepared("upload", environ)
    given.update(variables)
    os.makedirs(os.path.dirname(lock), mode=0o700, exist_ok=True)
    descriptor = locks.above_stdio(os.open(lock, os.O_RDWR | os.O_CREAT, 0o600), LOCK + 1)
    try:
        if not locks.acquire(descriptor):
            return
        if not hasattr(os, "posix_spawn") or not _spawn(command, given, descriptor, apart=apart):
            # Whoever is started this way takes the lock itself.
            os.close(descriptor)
            descriptor = -1
            _start_by_subprocess(command, given)
    finally:
        if descriptor >= 0:
            os.close(descriptor)


def prepared(module: str, environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the command of a child, and the environment that it is given.

    Args:
        module: The module of this room whose `main` it runs; a frozen program's is `upload`.
        environ: The host's environment.
    """
    given = {name: environ[name] for name in KEPT if name in environ}
    if is_frozen():
        command = [sys.executable]
        _undo_bootloader(given, environ)
    else:
        room = os.path.dirname(os.path.abspath(__file__))
        root = os.path.dirname(os.path.dirname(os.path.dirname(room)))
        program = _PROGRAM.format(root=root, module=module)
        command = [sys.executable, "-I", "-S", "-B", "-c", program]
    for name in _FILES:  # the child stands elsewhere
        if given.get(name):
            given[name] = os.path.abspath(given[name])
    return command, given


def _undo_bootloader(given: dict[str, str], environ: Mapping[str, str]) -> None:
    """Give a frozen program's child the environment that the program itself was started with.

    PyInstaller's bootloader points the loader at the program's own folder, which may be gone when
    the program has ended, and keeps what stood there before. The child unpacks itself anew.
    """
    for name in _LIBRARIES:
        given.pop(name, None)
        before = environ.get(f"{name}_ORIG")
        if before is not None:
            given[name] = before
    if "TMPDIR" in environ:  # where it unpacks itself
        given["TMPDIR"] = environ["TMPDIR"]


_LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")


def _spawn(command: list[str], given: dict[str, str], lock: int, *, apart: bool) -> bool:
    """Start the child with the lock as its descriptor `LOCK`; False where that can't be done."""
    devnull = os.devnull
    files: list[tuple[object, ...]] = [
        (os.POSIX_SPAWN_OPEN, 0, devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, lock, LOCK),
    ]
    apart = apart and os.path.exists(_SHELL)
    if apart:
        command = [_SHELL, "-c", '"$0" "$@" &', *command]
    try:
        # An empty mask: a host may have blocked the very alarm that ends the child.
        child = os.posix_spawn(
            command[0], command, given, file_actions=files, setsid=True, setsigmask=()
        )
    except NotImplementedError:  # a C library without setsid in posix_spawn
        return False
    if apart:
        try:
            os.waitpid(child, 0)
        except ChildProcessError:
            pass  # a host that ignores its children's ends, or was first to hear of this one's
    return True


_SHELL = "/bin/sh"


def _start_by_subprocess(command: list[str], given: dict[str, str]) -> None:
    import subprocess

    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    # Nobody will wait for it: its end is the system's business, as the host's own is by then.
    process = subprocess.Popen(
        command,
        env=given,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        creationflags=flags,
    )
    process.returncode = 0  # keeps Popen from warning that it still runs
