"""``python -m polyreel``."""

from __future__ import annotations

import sys

from polyreel.cli import main

if __name__ == "__main__":
    sys.exit(main())
