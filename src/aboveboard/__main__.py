"""`python -m aboveboard`, the same as `aboveboard`."""

import sys

from aboveboard.commands import main

sys.exit(main())
