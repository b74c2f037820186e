"""The command line of a process as it is told, without the secrets that it may hold."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence

LONGEST = 2000
"""Characters that are told."""
MASK = "***"
_SECRET = re.compile(r"passw|passphrase|pwd|secret|token|api.?key|credential|auth", re.IGNORECASE)
_IN_URL = re.compile(r"(\w+://[^\s/@:]*):[^\s/@]*@")


def masked_command(arguments: Sequence[str]) -> str:
    """The arguments as a shell would read them. The value of an option or variable whose name is
    that of a secret is hidden, and so is the password of a URL."""
    shown: list[str] = []
    hides_next = False
    for argument in arguments:
        name, equals, _ = argument.partition("=")
        is_secret = bool(_SECRET.search(name))
        if hides_next and not argument.startswith("-"):
            shown.append(MASK)
        elif equals and is_secret:
            shown.append(f"{name}={MASK}")
        else:
            shown.append(_IN_URL.sub(rf"\1:{MASK}@", argument))
        hides_next = argument.startswith("-") and is_secret and not equals
    text = os.fsencode(shlex.join(shown)).decode(errors="backslashreplace")
    return "".join(one if one.isprintable() else "?" for one in text)[:LONGEST]
