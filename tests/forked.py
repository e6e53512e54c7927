"""Processes that are forked from one which has loaded all that a collector needs.

Each is a process of its own, killed and ended like any other. It lacks the second that Python takes
to load what it imports, which the tests would wait for hundreds of times. ClickHouse's library is
loaded before too, and no engine opened, since that has threads. Tests of a command itself start
Python, as its users do.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib.util
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from multiprocessing.connection import wait
from pathlib import Path
from types import SimpleNamespace
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[1]
_MESSAGE_MAX = 1 << 17
_READY = b"ready"
PATIENCE = 120
FORKS = sys.platform.startswith("linux")


class Forked:
    """A process with the face of `subprocess.Popen`, both outputs of which are pipes."""

    def __init__(self, told: dict[str, Any], said: IO[bytes] | None = None) -> None:
        nursery = _nursery()
        reading, writing = zip(*(os.pipe() for _ in range(3)), strict=True)
        none = os.open(os.devnull, os.O_RDONLY)
        given = none if said is None else said.fileno()
        told = {"environ": dict(os.environ), **told}
        try:
            socket.send_fds(nursery, [json.dumps(told).encode()], [given, *writing])
            self.pid = int(nursery.recv(64))
        finally:
            for each in (none, *writing):
                os.close(each)
        self.stdout: IO[bytes] = os.fdopen(reading[0], "rb")
        self.stderr: IO[bytes] = os.fdopen(reading[1], "rb")
        self._status: IO[bytes] = os.fdopen(reading[2], "rb")
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[bytes, bytes]:
        end = None if timeout is None else time.monotonic() + timeout
        said: dict[int, bytes] = {}

        def read(number: int, pipe: IO[bytes]) -> None:
            said[number] = b"" if pipe.closed else pipe.read()
            pipe.close()

        readers = [
            threading.Thread(target=read, args=told, daemon=True)
            for told in enumerate((self.stdout, self.stderr))
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(None if end is None else max(0, end - time.monotonic()))
            if reader.is_alive():
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        self.wait(None if end is None else max(0, end - time.monotonic()))
        return said[0], said[1]

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):  # it ended just now
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and wait([self._status.fileno()], timeout):
            self.returncode = int(self._status.read())
            self._status.close()
        return self.returncode


def module(name: str, *words: str) -> Forked | subprocess.Popen[bytes]:
    """Run a module, as `python -m name` does."""
    return _run("-m", name, words, os.getcwd())


def script(source: str, *words: str) -> Forked | subprocess.Popen[bytes]:
    """Run a program, as `python -c source` does in the project's directory."""
    return _run("-c", source, words, str(ROOT))


def _run(form: str, what: str, words: Sequence[str], cwd: str) -> Forked | subprocess.Popen[bytes]:
    if FORKS:
        return Forked({"form": form, "what": what, "words": words, "cwd": cwd})
    command = [sys.executable, form, what, *words]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def aboveboard(*words: str, said: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the collector's until it ends, with something said to its input."""
    command = [sys.executable, "-m", "aboveboard", *words]
    environ = {**os.environ, **environ}
    if not FORKS:
        return subprocess.run(
            command,
            input=said,
            capture_output=True,
            text=True,
            check=False,
            env=environ,
            timeout=PATIENCE,
        )
    told = {"form": "-m", "what": "aboveboard", "words": words, "cwd": os.getcwd()}
    with tempfile.TemporaryFile() as given:
        given.write(said.encode())
        given.seek(0)
        process = Forked({**told, "environ": environ}, given)
    try:
        output, errors = process.communicate(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    assert process.returncode is not None
    return subprocess.CompletedProcess(
        command, process.returncode, output.decode(), errors.decode()
    )


_nurseries: dict[int, tuple[socket.socket, subprocess.Popen[bytes]]] = {}


def _nursery() -> socket.socket:
    """Return the socket of this process's own nursery, which is started with its first process."""
    if os.getpid() not in _nurseries:
        here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with there:
            # Pipes, as the outputs of its processes are: Python's streams know what they are for.
            process = subprocess.Popen(
                [sys.executable, __file__, str(there.fileno())],
                cwd=ROOT,
                pass_fds=[there.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        if here.recv(64) != _READY:
            raise AssertionError(process.communicate()[1].decode())
        _nurseries[os.getpid()] = here, process
        atexit.register(_end)
    return _nurseries[os.getpid()][0]


def _end() -> None:
    here, process = _nurseries.pop(os.getpid())
    here.close()
    process.communicate()


def _preload() -> None:
    import gc
    import pkgutil

    import aboveboard.collector.service
    from aboveboard.warehouse.engine import driver
    from aboveboard.warehouse.engine.absent import absent

    for room in ("access", "data", "server"):
        package = importlib.import_module(f"aboveboard.commands.{room}")
        for each in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(each.name)
    driver.load()
    import clickhouse_connect.driver.exceptions

    with absent(*driver.UNUSED):
        _load_clickhouse()
        import chdb.state
        import clickhouse_connect.driver._chdbclient
    del aboveboard, chdb, clickhouse_connect
    gc.collect()
    gc.freeze()
    assert len(os.listdir("/proc/self/task")) == 1, "what has threads cannot be forked"


def _load_clickhouse() -> None:
    """Load chDB as an import of it does, except that it opens no engine, which has threads.

    An import opens one in memory and asks it for its version. That, with what is loaded here, is
    half of what a short command takes.
    """
    name = "chdb._chdb"
    package = importlib.util.find_spec("chdb")
    assert package is not None
    assert package.origin is not None
    place = str(Path(package.origin).with_name("_chdb.abi3.so"))
    ctypes.CDLL(place, mode=sys.getdlopenflags() | os.RTLD_DEEPBIND)
    spec = importlib.util.spec_from_file_location(name, place)
    assert spec is not None
    assert spec.loader is not None
    engine: Any = importlib.util.module_from_spec(spec)
    sys.modules[name] = engine
    spec.loader.exec_module(engine)
    version = SimpleNamespace(bytes=lambda: b"'unknown'\n")
    none = SimpleNamespace(query=lambda *_: version, close=lambda: None)
    connect, engine.connect = engine.connect, lambda: none
    import chdb

    engine.connect = connect
    assert chdb._chdb is engine


def _fork_for(asking: socket.socket) -> dict[str, Any] | None:
    """Fork for each who asks, and tell how each process ended.

    Returns what is asked of it in a new process, None in this one, when nobody is left to ask.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's reaches the tests too
    signal.signal(signal.SIGCHLD, lambda *_: None)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    running: dict[int, int] = {}
    asking.send(_READY)
    while True:
        ready = select.select([asking.fileno(), woken], [], [])[0]
        if asking.fileno() in ready:
            message, fds, _, _ = socket.recv_fds(asking, _MESSAGE_MAX, 4)
            if not message:
                return None
            pid = os.fork()
            if pid == 0:
                signal.set_wakeup_fd(-1)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                signal.signal(signal.SIGINT, signal.default_int_handler)
                for number, fd in enumerate(fds[:3]):
                    os.dup2(fd, number)
                asking.detach()
                os.closerange(3, max(int(each) for each in os.listdir("/proc/self/fd")) + 1)
                told: dict[str, Any] = json.loads(message)
                return told
            for fd in fds[:3]:
                os.close(fd)
            running[pid] = fds[3]
            asking.send(str(pid).encode())
        if woken in ready:
            os.read(woken, 512)
        for pid, status in list(running.items()):
            ended, code = os.waitpid(pid, os.WNOHANG)
            if ended:
                os.write(status, str(os.waitstatus_to_exitcode(code)).encode())
                os.close(status)
                del running[pid]


def _be(told: dict[str, Any]) -> None:
    os.environ.clear()
    os.environ.update(told["environ"])
    os.chdir(told["cwd"])
    sys.path[0] = ""
    sys.argv = [told["form"], *told["words"]]
    if told["form"] == "-m":
        runpy.run_module(told["what"], run_name="__main__", alter_sys=True)
    else:
        exec(compile(told["what"], "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    sys.path[0] = str(ROOT)
    _preload()
    asked = _fork_for(socket.socket(fileno=int(sys.argv[1])))
    if asked is not None:
        _be(asked)
