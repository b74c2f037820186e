"""What the tasks of a foreground run have logged and registered: there is no store to ask."""

from __future__ import annotations

import struct
from typing import Any

from runner.journal.questions import GetArtifacts, GetModelVersion
from runner.journal.reader import decode_frames
from runner.journal.records import (
    AnyRecord,
    ArtifactLogged,
    MetricPoints,
    ModelAliasSet,
    ModelRegistered,
    ParamLogged,
)
from runner.journal.tracked import tracked_run_of

Document = dict[str, Any]


class LocalRegistry:
    """Files, params and metrics by run, versions of models by name; read from the journals."""

    def __init__(self) -> None:
        self._journal = ""
        self._offset = 0
        self._files: dict[str, dict[str, list[Any]]] = {}
        self._params: dict[str, dict[str, str]] = {}
        self._metrics: dict[str, dict[str, float]] = {}
        self._versions: dict[str, dict[int, Document]] = {}
        self._aliases: dict[tuple[str, str], int] = {}

    def follow(self, journal: str) -> None:
        """A new try begins; its journal is this."""
        self._read({})
        self._journal, self._offset = journal, 0

    def version(self, question: GetModelVersion, newest: dict[str, int]) -> Document | None:
        """The version that is meant, if this run has made it. ``newest``: in the store, by name."""
        self._read(newest)
        name = question.reference.removeprefix("models:/")
        if question.at is not None:
            made = {one["created_at"]: one for one in self._versions.get(name, {}).values()}
            return self._whole(made.get(question.at))
        name, at, alias = name.partition("@")
        name, slash, number = name.partition("/")
        own = self._versions.get(name, {})
        if at:
            wanted = self._aliases.get((name, alias))
        else:
            wanted = int(number) if slash and number.isdecimal() else max(own, default=None)
        return self._whole(own.get(wanted) if wanted is not None else None)

    def _whole(self, found: Document | None) -> Document | None:
        """A version with what its run has logged."""
        if found is None:
            return None
        uuid, wanted = found["run_id"], (found["name"], found["version"])
        aliases = [one for (name, one), number in self._aliases.items() if (name, number) == wanted]
        return {
            **found,
            "aliases": sorted(aliases),
            "params": self._params.get(uuid, {}),
            "metrics": self._metrics.get(uuid, {}),
        }

    def files(self, question: GetArtifacts) -> Document | None:
        """The files that are meant, if this run has logged them."""
        self._read({})
        source, path = question.source, question.path.strip("/")
        if source.startswith("models:/"):
            version = self.version(GetModelVersion(source), {})
            if version is None:
                return None
            uuid, path = version["run_id"], "/".join(filter(None, (version["source"], path)))
        else:
            uuid, _, inner = source.removeprefix("runs:/").strip("/").partition("/")
            path = "/".join(filter(None, (inner, path)))
        files = self._files.get(uuid, {})
        found = [
            [one, *facts]
            for one, facts in files.items()
            if not path or one == path or one.startswith(f"{path}/")
        ]
        return {"run": uuid, "base": path, "files": found} if found else None

    def _read(self, newest: dict[str, int]) -> None:
        if not self._journal:
            return
        with open(self._journal, "rb") as file:
            file.seek(self._offset)
            records, used = decode_frames(file.read(), self._offset)
        self._offset += used
        for record in records:
            self._take_in(record, newest)

    def _take_in(self, record: AnyRecord, newest: dict[str, int]) -> None:
        uuid = getattr(record, "run", "") or tracked_run_of(self._journal)
        match record:
            case ArtifactLogged():
                self._files.setdefault(uuid, {})[record.path] = [record.size, record.digest]
            case ParamLogged():
                self._params.setdefault(uuid, {})[record.key] = record.value
            case MetricPoints():
                (last,) = struct.unpack_from("<d", record.data, 8 * (record.count - 1))
                self._metrics.setdefault(uuid, {})[record.key] = last
            case ModelRegistered():
                self._register(record, record.of or uuid, newest)
            case ModelAliasSet():
                self._aliases.pop((record.name, record.alias), None)
                if record.version is not None:
                    self._aliases[record.name, record.alias] = record.version
            case _:
                return

    def _register(self, record: ModelRegistered, of: str, newest: dict[str, int]) -> None:
        own = self._versions.setdefault(record.name, {})
        number = max([newest.get(record.name, 0), *own]) + 1
        own[number] = {
            "name": record.name,
            "version": number,
            "run_id": of,
            "source": record.path,
            "description": record.description,
            "tags": record.tags,
            "created_at": record.at,
        }
        for alias in record.aliases:
            self._aliases[record.name, alias] = number
