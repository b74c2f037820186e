"""``Variable``: settings by name that the runner keeps (Airflow's)."""

from __future__ import annotations

from typing import Any

from runner.authoring import current as importing
from runner.authoring import services
from runner.authoring.exceptions import NotFoundException
from runner.authoring.masking import mask_secret
from runner.authoring.xcom_arg import NOTSET


class VariableNotFound(NotFoundException, KeyError):
    """There is no Variable with that key."""

    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class Variable:
    """A text under a key. Read one inside a task, or in a template as ``{{ var.value.key }}``.

    Read at the top of a pipeline file it is asked for at every import of the file.
    """

    def __init__(self, key: str, value: Any = None, description: str | None = None) -> None:
        self.key = key
        self.value = value
        self.description = description

    def __repr__(self) -> str:
        return f"Variable({self.key!r})"

    @classmethod
    def get(cls, key: str, default: Any = NOTSET, deserialize_json: bool = False) -> Any:
        """The text under ``key``, read as JSON with ``deserialize_json``.

        ``default`` where there is none; without one raises ``VariableNotFound``. Raises
        ``ValueError`` where the text isn't JSON.
        """
        importing.note_variable(key)
        text = services.current().get_variable(key)
        if text is None:
            if default is NOTSET:
                raise VariableNotFound(
                    f"there is no Variable {key!r}: set it with 'dagtop variables set {key} …' "
                    "or give Variable.get() a default"
                )
            mask_secret(default, key)
            return default
        mask_secret(text, key)
        return _from_json(key, text) if deserialize_json else text

    @classmethod
    def set(
        cls, key: str, value: Any, description: str | None = None, serialize_json: bool = False
    ) -> None:
        """Store ``value`` as text, or as JSON with ``serialize_json``."""
        import json

        text = json.dumps(value, indent=2) if serialize_json else str(value)
        mask_secret(text, key)
        services.current().set_variable(key, text, description)

    @classmethod
    def delete(cls, key: str) -> None:
        """Delete it; nothing happens where there is none."""
        services.current().set_variable(key, None)


def _from_json(key: str, text: str) -> Any:
    import json

    try:
        value = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the Variable {key!r} isn't JSON: {error}") from None
    mask_secret(value, None if isinstance(value, dict) else key)
    return value


class VariableAccessor:
    """``var.value`` and ``var.json`` of the context: Variables as attributes, or with ``get``."""

    def __init__(self, deserialize_json: bool) -> None:
        self._deserialize_json = deserialize_json

    def __repr__(self) -> str:
        return "<VariableAccessor (dynamic access)>"

    def __getattr__(self, key: str) -> Any:
        if key.startswith("__"):
            raise AttributeError(key)
        return Variable.get(key, deserialize_json=self._deserialize_json)

    def __getitem__(self, key: str) -> Any:
        return Variable.get(key, deserialize_json=self._deserialize_json)

    def get(self, key: str, default: Any = NOTSET) -> Any:
        """The Variable, or ``default`` where there is none."""
        return Variable.get(key, default, deserialize_json=self._deserialize_json)
