"""``python -m tests.fuzz``: see `tests.fuzz.search`."""

import sys

from tests.fuzz.search import main

if __name__ == "__main__":
    sys.exit(main())
