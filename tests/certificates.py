"""An authority of the tests' own, and what it has signed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.conftest import missing


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate authority, and certificates of it for localhost and for someone else."""
    directory = tmp_path_factory.mktemp("certificates")

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True)

    try:
        key = ("-newkey", "rsa:2048", "-nodes", "-days", "2")
        openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=ours",
                "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
        for name in ("localhost", "else.example"):
            (directory / "ext").write_text(f"subjectAltName=DNS:{name}")
            openssl("req", *key, "-keyout", f"{name}.key", "-out", "csr", "-subj", f"/CN={name}")
            openssl("x509", "-req", "-in", "csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
                    "-out", f"{name}.pem", "-extfile", "ext")  # fmt: skip
    except FileNotFoundError:
        missing("openssl")
    return directory
