"""Write aider's catalog as the JSON that the package ships and the collector reads.

python tools/aider_catalog.py            write it
python tools/aider_catalog.py --check    exit 1 if it is not what the classes say
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from aboveboard.hosts.aider.catalog import CATALOG

FILE = Path(__file__).parents[1] / "src/aboveboard/hosts/aider/catalog.json"


def main() -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="only say whether the file is fresh")
    parser.add_argument("file", nargs="?", type=Path, default=FILE, help="default: the package's")
    arguments = parser.parse_args()
    document = json.dumps(CATALOG.as_json(), indent=1, ensure_ascii=False) + "\n"
    if not arguments.check:
        arguments.file.write_text(document, encoding="utf-8")
    elif not arguments.file.exists() or arguments.file.read_text(encoding="utf-8") != document:
        sys.stderr.write(f"{arguments.file.name} is stale: run python tools/aider_catalog.py\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
