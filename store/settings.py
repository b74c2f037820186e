"""Settings as data: sections of typed fields, read from TOML files and the environment.

``store.config`` says which settings the workspace has, ``app.settings`` those of the terminal UI.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec

Kinds = Mapping[str, type[msgspec.Struct]]
"""Section -> the struct of its settings."""

Sources = dict[tuple[str, str], str]
"""(section, key) -> the name of the file or variable that gave the value; absent: the default."""


class ConfigError(Exception):
    """A setting is wrong; the message names where it is, which one, and what is expected."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as ``dagtop config`` lists it."""

    section: str
    key: str
    value: Any
    default: Any
    source: str
    """``default``, ``dagtop.toml``, or the name of the environment variable."""
    variable: str
    """The environment variable that overrides it."""
    description: str
    is_secret: bool = False
    """The value may hold a password: show ``shown`` instead."""

    @property
    def shown(self) -> Any:
        """The value with the password of a URL replaced by ``***``."""
        return hide_password(self.value) if self.is_secret else self.value


@dataclass(frozen=True, slots=True)
class Document:
    """What a TOML file holds; ``path`` is named in complaints."""

    path: Path
    sections: Mapping[str, Any]


def read_document(path: Path, known: Iterable[str]) -> Document:
    """A file of settings whose sections must be among ``known``; empty if there is no file.

    Raises ``ConfigError``.
    """
    import tomllib

    known = list(known)
    try:
        with path.open("rb") as file:
            sections = tomllib.load(file)
    except FileNotFoundError:
        return Document(path, {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path} can't be read: {error.strerror}") from error
    for name, value in sections.items():
        if name not in known:
            raise ConfigError(f"{path}: there is no section [{name}]{hint(name, known)}")
        if not isinstance(value, dict):
            raise ConfigError(f"{path}: {name} must be a section, written as [{name}]")
    return Document(path, sections)


def resolve(
    kinds: Kinds,
    documents: Sequence[Document],
    environment: Mapping[str, str],
    short: Mapping[tuple[str, str], str],
) -> tuple[dict[str, Any], Sources]:
    """The sections with their values, later documents and then the environment winning.

    ``short`` names variables that are short for a setting. Raises ``ConfigError``.
    """
    sources: Sources = {}
    parts: dict[str, Any] = {}
    for section, kind in kinds.items():
        fields = {field.name: field for field in msgspec.structs.fields(kind)}
        values: dict[str, Any] = {}
        for document in documents:
            where = str(document.path)
            for key, value in document.sections.get(section, {}).items():
                if key not in fields:
                    complaint = f"{where}: [{section}] has no setting {key}{hint(key, fields)}"
                    raise ConfigError(complaint)
                place = f"{where}: [{section}] {key}"
                values[key] = checked(value, fields[key], place, strict=True)
                sources[section, key] = document.path.name
        for key, name in _from_environment(section, fields, environment, short).items():
            values[key] = checked(environment[name], fields[key], name, strict=False)
            sources[section, key] = name
        parts[section] = kind(**values)
    return parts, sources


def listed(parts: Mapping[str, Any], sources: Sources, module: str) -> list[Setting]:
    """Every setting with its value, where the value comes from, and what it means: the docstring
    under it in the source file ``module``."""
    descriptions = _docstrings(Path(module))
    return [
        Setting(
            section=section,
            key=key,
            value=getattr(part, key),
            default=getattr(type(part)(), key),
            source=sources.get((section, key), "default"),
            variable=_variable(section, key),
            description=descriptions[type(part).__name__, key],
            is_secret=(section, key) in (("store", "url"), ("tracking", "artifact_root")),
        )
        for section, part in parts.items()
        for key in type(part).__struct_fields__
    ]


def hide_password(url: str) -> str:
    """The URL with its password replaced by ``***``."""
    from urllib.parse import urlsplit

    password = urlsplit(url).password
    return url.replace(f":{password}@", ":***@", 1) if password else url


def _variable(section: str, key: str) -> str:
    return f"DAGTOP_{section.upper()}_{key.upper()}"


def _from_environment(
    section: str,
    fields: Mapping[str, Any],
    environment: Mapping[str, str],
    short: Mapping[tuple[str, str], str],
) -> dict[str, str]:
    """Key -> variable, of the variables that are about this section."""
    prefix = _variable(section, "")
    names = {_variable(section, key): key for key in fields}
    found = {
        key: name for (of, key), name in short.items() if of == section and environment.get(name)
    }
    for name in environment:
        if name.startswith(prefix):
            if name not in names:
                raise ConfigError(
                    f"the environment variable {name} is no setting of dagtop{hint(name, names)}"
                )
            found[names[name]] = name
    return found


def checked(value: Any, field: Any, where: str, *, strict: bool) -> Any:
    """The value as the type of the field. Raises ``ConfigError``."""
    try:
        return msgspec.convert(value, field.type, strict=strict)
    except msgspec.ValidationError as error:
        wanted = str(error).replace("`", "")
        wanted = wanted[0].lower() + wanted[1:]
        if get_origin(field.type) is Literal:  # msgspec doesn't say which there are
            names = [name or '"" (empty)' for name in get_args(field.type)]
            wanted = f"expected one of {', '.join(names)}{_meant(str(value), names)}"
        raise ConfigError(f"{where} is {value!r}, but dagtop {wanted}") from error


FEW = 20
"""So many names can be read in a message; of more only those that are near."""


def hint(word: str, known: Iterable[str]) -> str:
    """What may have been meant instead of an unknown word."""
    names = list(known)
    return _meant(word, names) or (f"; there are {', '.join(names)}" if len(names) <= FEW else "")


def _meant(word: str, known: Sequence[str]) -> str:
    """The nearest of the known words, if any is near."""
    from difflib import get_close_matches

    lowered = {one.lower(): one for one in known}
    close = [lowered[one] for one in get_close_matches(word.lower(), lowered, n=3)]
    return f": did you mean {' or '.join(close)}?" if close else ""


def _docstrings(path: Path) -> dict[tuple[str, str], str]:
    """(class, field) -> the docstring below it. Python keeps none: the source is read."""
    import ast

    found: dict[tuple[str, str], str] = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        for field, text in zip(node.body, node.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            ):
                found[node.name, field.target.id] = " ".join(str(text.value.value).split())
    return found
