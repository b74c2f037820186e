"""Random numbers after a fork: every process would draw those that its host would have drawn next.

Python reseeds ``random`` by itself, also where the file has seeded it. NumPy doesn't: its global
generator, once loaded by a pipeline file's import, gives all the file's tries the same numbers. If
the file seeds it, it stays so: each try begins there, as it would if it imported the file itself. A
generator that a file makes at its top level (``default_rng()``) may be meant to be shared: it is
left as it is.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any


def reseed() -> None:
    """Seed NumPy's global generator anew, if NumPy is loaded and nobody has seeded it."""
    module: Any = sys.modules.get("numpy.random.mtrand")
    if module is None:
        return
    with contextlib.suppress(Exception):  # names that NumPy doesn't promise
        generator = module._rand
        bits = generator._bit_generator
        # ``seed()`` forgets the sequence; another kind has been chosen, and maybe seeded, by hand.
        if type(bits).__name__ == "MT19937" and bits._seed_seq is not None:
            generator.seed()
