"""`make fuzz`: each parser is tried by a fuzzer that is led by coverage (atheris), some minutes.

    tools/fuzz.py [--seconds 120] [PARSER …]

Prints a row a parser, as docs/proofs.md has them. What breaks a parser is kept in
`.cache/fuzz/found`; make it a seed of tests/fuzz/parsers.py, and mend the parser.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CORPUS = ROOT / ".cache" / "fuzz"
FOUND = CORPUS / "found"
NAMES = ("segment", "batch", "log", "gzip", "key", "catalog", "state", "reply")
LENGTH_MAX = 4096


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parsers", nargs="*", metavar="PARSER", help=", ".join(NAMES))
    asked.add_argument("--seconds", type=int, default=120, help="for each parser")
    asked.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    told = asked.parse_args()
    if told.inside:
        _fuzz(told.parsers[0], told.seconds)
        return 0
    FOUND.mkdir(parents=True, exist_ok=True)
    print("| parser | executions | branches reached | seconds | findings |\n|---|---|---|---|---|")
    rows = [_run(name, told.seconds) for name in told.parsers or NAMES]
    return int(not all(rows))


def _run(name: str, seconds: int) -> bool:
    """Fuzz one parser in a process of its own; return whether nothing broke it."""
    words = [sys.executable, __file__, "--inside", "--seconds", str(seconds), name]
    with tempfile.TemporaryDirectory(
        prefix="aboveboard-fuzz-"
    ) as place:  # one that breaks clears nothing away
        environ = {**os.environ, "TMPDIR": place}
        ended = subprocess.run(
            words, cwd=ROOT, env=environ, capture_output=True, text=True, check=False
        )
    executions = re.findall(r"stat::number_of_executed_units:\s+(\d+)", ended.stderr)
    coverage = re.findall(r" cov: (\d+) ", ended.stderr)
    found = ended.returncode != 0
    print(
        f"| {name} | {int(executions[-1]) if executions else 0:,} "
        f"| {coverage[-1] if coverage else '-'} | {seconds} | {'broken' if found else 'none'} |",
        flush=True,
    )
    if found:
        print(ended.stdout[-3000:], ended.stderr[-3000:], file=sys.stderr)
    return not found


def _fuzz(name: str, seconds: int) -> None:
    import atheris

    sys.path.insert(0, str(ROOT))
    with atheris.instrument_imports(include=["aboveboard"]):
        from tests.fuzz.parsers import PARSERS
    parser = PARSERS[name]
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(parser.seeds):
        (corpus / f"seed{number}").write_bytes(seed)
    words = CORPUS / f"{name}.words"
    words.write_text("".join(f'"{word}"\n' for word in ("null", *parser.words)))
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={LENGTH_MAX}",
        f"-dict={words}",
        f"-artifact_prefix={FOUND}/{name}-",
        "-print_final_stats=1",
        "-timeout=20",
        "-rss_limit_mb=1024",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], parser.holds)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
