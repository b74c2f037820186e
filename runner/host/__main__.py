"""Start of the base host: ``python -P …/runner/host/__main__.py DESCRIPTOR``.

Our own package is imported first and then taken off the path again, so that the packages of the
user's project come first and may be called ``app`` or ``store``.
"""

from __future__ import annotations

import os
import sys

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, _ROOT)

import dagtop  # noqa: E402, F401  (pipeline files import it: loaded once, before any fork)
from runner.host import base, single  # noqa: E402

sys.path.remove(_ROOT)
if _ROOT not in sys.path:  # dagtop runs from a checkout: still found, but last
    sys.path.append(_ROOT)


def main() -> None:
    if sys.argv[1] == "--single":
        single.main()
    else:
        base.serve(int(sys.argv[1]))


if __name__ == "__main__":
    main()
