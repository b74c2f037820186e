"""Files of Variables: JSON objects of names and values, as Airflow and ``variables export`` write
them."""

from __future__ import annotations

import json


def variables_in(text: str | bytes) -> dict[str, tuple[str, str | None]]:
    """Key -> (value, description) of an exported file; values that aren't texts become JSON.

    Raises ``ValueError`` with the words that go on after the name of the file.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ValueError("must hold a JSON object of names and values")
    variables: dict[str, tuple[str, str | None]] = {}
    for key, value in document.items():
        description = None
        if isinstance(value, dict) and "value" in value and set(value) <= {"value", "description"}:
            description = value.get("description") or None
            if not isinstance(description, str | None):
                raise ValueError(f"has a description of {key} that is no text")
            value = value["value"]
        variables[key] = (value if isinstance(value, str) else json.dumps(value), description)
    return variables
