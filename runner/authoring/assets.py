"""``Asset``: what tasks produce and consume, and DAGs run on.

Names, defaults and meaning are Airflow 3's. A task that ends with success makes an event of each
asset in its ``outlets``; a DAG whose schedule is an asset, a list of them or an expression with
``&`` and ``|`` runs when there were events since its last such run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from runner.authoring.exceptions import ArgumentError, DefinitionError

LONGEST = 1500
"""Characters of a name or a URI (Airflow's)."""


class BaseAsset:
    """What ``DAG(schedule=…)`` takes: an asset, or assets joined by ``&`` and ``|``."""

    def __or__(self, other: object) -> AssetAny:
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAny(self, other)

    def __and__(self, other: object) -> AssetAll:
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAll(self, other)

    def assets(self) -> Iterator[Asset]:
        """The assets in it."""
        raise NotImplementedError

    def to_structure(self) -> dict[str, Any]:
        """As JSON, for ``store.structure``."""
        raise NotImplementedError


class Asset(BaseAsset):
    """Something that tasks produce and consume: a table, a file, a model.

    ``name`` or ``uri`` alone stands for both. ``group`` sorts them in lists; ``extra`` is JSON.
    """

    def __init__(
        self,
        name: str | None = None,
        uri: Any = None,
        *,
        group: str | None = None,
        extra: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> None:
        if others:
            raise ArgumentError(_unknown_argument(next(iter(others))))
        if name is None and uri is None:
            raise ArgumentError("Asset() needs a name or a uri: Asset('orders')")
        address = None if uri is None else str(uri)
        self.name = _identifier("name", address if name is None else name)
        if self.name in ("self", "context"):
            raise DefinitionError(f"an asset can't have the name {self.name!r}")
        self.uri = clean_uri(_identifier("uri", self.name if address is None else address))
        self.group = _text("group", "asset" if group is None else group)
        self.extra = _extra(self.name, extra)

    @staticmethod
    def ref(**_: Any) -> Asset:
        """Not built."""
        raise DefinitionError("dagtop has no Asset.ref: write the asset itself, Asset('orders')")

    @property
    def key(self) -> tuple[str, str]:
        """Name and URI: what makes two of them the same."""
        return self.name, self.uri

    def assets(self) -> Iterator[Asset]:
        yield self

    def to_structure(self) -> dict[str, Any]:
        return {"kind": "asset", **asset_facts(self)}

    def __fspath__(self) -> str:
        return self.uri

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Asset) and asset_facts(self) == asset_facts(other)

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Asset(name={self.name!r}, uri={self.uri!r})"


class _Joined(BaseAsset):
    """Several assets, or expressions of them."""

    kind = ""

    def __init__(self, *objects: BaseAsset) -> None:
        for one in objects:
            if not isinstance(one, BaseAsset):
                raise ArgumentError(f"{type(self).__name__} takes assets, not {one!r}")
        self.objects: list[BaseAsset] = list(objects)

    def assets(self) -> Iterator[Asset]:
        for one in self.objects:
            yield from one.assets()

    def to_structure(self) -> dict[str, Any]:
        return {"kind": self.kind, "objects": [one.to_structure() for one in self.objects]}


class AssetAny(_Joined):
    """``a | b``: one of them is enough."""

    kind = "any"

    def __or__(self, other: object) -> AssetAny:
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAny(*self.objects, other)


class AssetAll(_Joined):
    """``a & b``, or a list of assets: all of them."""

    kind = "all"

    def __and__(self, other: object) -> AssetAll:
        if not isinstance(other, BaseAsset):
            return NotImplemented
        return AssetAll(*self.objects, other)


class OutletEvent:
    """What the event of an asset will carry: ``outlet_events[asset].extra["rows"] = 12``."""

    def __init__(self, asset: Asset) -> None:
        self.asset = asset
        self.extra: dict[str, Any] = {}

    def add(self, *_: Any, **__: Any) -> None:
        """Not built."""
        raise DefinitionError("dagtop has no asset aliases: set extra of the outlet's own event")


class OutletEvents(Mapping[Any, OutletEvent]):
    """``outlet_events`` of the context: one for each asset in the task's outlets."""

    def __init__(self, outlets: Sequence[Asset]) -> None:
        self._events = {asset.key: OutletEvent(asset) for asset in outlets}

    def __getitem__(self, key: Any) -> OutletEvent:
        found = self._events.get(getattr(key, "key", None) or ("", ""))
        if found is None:
            raise KeyError(f"{key!r} isn't in the task's outlets")
        return found

    def __iter__(self) -> Iterator[Asset]:
        return iter([event.asset for event in self._events.values()])

    def __len__(self) -> int:
        return len(self._events)


class AssetEvent:
    """An event that a run consumed: ``triggering_asset_events[asset][0].extra``."""

    def __init__(self, facts: Mapping[str, Any]) -> None:
        from runner.authoring.dag_run import to_pendulum

        self.asset = Asset(facts["name"], facts["uri"], group=facts["group"])
        self.extra: dict[str, Any] = facts["extra"] or {}
        self.timestamp = to_pendulum(facts["timestamp"])
        self.source_dag_id: str | None = facts["source_dag_id"]
        self.source_task_id: str | None = facts["source_task_id"]
        self.source_run_id: str | None = facts["source_run_id"]
        self.source_map_index: int | None = facts["source_map_index"]

    @property
    def uri(self) -> str:
        """Of its asset."""
        return self.asset.uri

    def __repr__(self) -> str:
        return f"<AssetEvent of {self.asset.name} at {self.timestamp}>"


class TriggeringAssetEvents(Mapping[Any, "list[AssetEvent]"]):
    """``triggering_asset_events``: asset -> the events that the run consumed, oldest first."""

    def __init__(self, found: Sequence[Mapping[str, Any]]) -> None:
        self._events: dict[tuple[str, str], list[AssetEvent]] = {}
        for facts in found:
            event = AssetEvent(facts)
            self._events.setdefault(event.asset.key, []).append(event)

    def __getitem__(self, key: Any) -> list[AssetEvent]:
        wanted = getattr(key, "key", None) or clean_key(key)
        if wanted not in self._events:
            raise KeyError(f"no event of {key!r} triggered this run")
        return self._events[wanted]

    def __repr__(self) -> str:
        return repr({events[0].asset.name: events for events in self._events.values()})

    def __iter__(self) -> Iterator[Asset]:
        return iter([events[0].asset for events in self._events.values()])

    def __len__(self) -> int:
        return len(self._events)


def clean_key(key: object) -> tuple[str, str]:
    """Name and URI of an asset that was made with this text alone."""
    return str(key), clean_uri(str(key))


def asset_facts(asset: Asset) -> dict[str, Any]:
    """What is stored of an asset."""
    return {"name": asset.name, "uri": asset.uri, "group": asset.group, "extra": asset.extra}


def condition_of(schedule: object) -> BaseAsset | None:
    """The assets that a schedule asks for; None where it is none of assets."""
    if isinstance(schedule, BaseAsset):
        return schedule
    if isinstance(schedule, (list, tuple, set)) and schedule:
        several = list(schedule)
        if all(isinstance(one, BaseAsset) for one in several):
            return AssetAll(*several)
    return None


def condition_words(condition: BaseAsset) -> str:
    """The schedule in words."""
    names = list(dict.fromkeys(asset.name for asset in condition.assets()))
    if len(names) == 1:
        return f"on asset {names[0]}"
    flat = isinstance(condition, _Joined) and all(isinstance(o, Asset) for o in condition.objects)
    if flat:
        return f"{'any of ' if isinstance(condition, AssetAny) else ''}{len(names)} assets"
    return f"{len(names)} assets, joined by & and |"


def to_assets(name: str, value: Any) -> list[Asset]:
    """Outlets or inlets as a list, from one, several or None."""
    if value is None:
        return []
    found = list(value) if isinstance(value, (list, tuple, set)) else [value]
    for one in found:
        if not isinstance(one, Asset):
            raise ArgumentError(f"{name} takes assets, not {one!r}: Asset('orders')")
    return found


def clean_uri(uri: str) -> str:
    """A URI as Airflow keeps it: lower scheme, no user, no fragment, no slash at the end."""
    from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

    try:
        parts = urlsplit(uri)
    except ValueError:
        raise DefinitionError(f"the uri {uri!r} of an asset can't be read") from None
    scheme = parts.scheme.lower()
    if not scheme or scheme.startswith("x-"):
        return uri
    if scheme == "airflow":
        raise DefinitionError("the scheme 'airflow' of an asset's uri is taken: choose another")
    return urlunsplit(
        parts._replace(
            scheme=scheme,
            netloc=parts.netloc.rpartition("@")[2] if parts.password else parts.netloc,
            path=parts.path.rstrip("/") or "/",
            query=urlencode(sorted(parse_qsl(parts.query))) if parts.query else "",
            fragment="",
        )
    )


def _identifier(name: str, value: Any) -> str:
    text = _text(name, value)
    if not text:
        raise DefinitionError(f"the {name} of an asset is empty")
    return text


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ArgumentError(f"the {name} of an asset is a string, not {value!r}")
    if len(value) > LONGEST:
        raise DefinitionError(f"the {name} of an asset has at most {LONGEST} characters")
    if value.isspace():
        raise DefinitionError(f"the {name} of an asset can't be just whitespace")
    return value


def _extra(name: str, extra: Any) -> dict[str, Any]:
    if extra is None:
        return {}
    if not isinstance(extra, Mapping):
        raise ArgumentError(f"extra of asset {name!r} is a dict, not {extra!r}")
    return check_extra(name, dict(extra))


def check_extra(name: str, extra: Any) -> dict[str, Any]:
    """The extra itself, if JSON can hold it. Raises ``ArgumentError``."""
    from json import dumps

    try:
        dumps(extra)
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentError(f"extra of asset {name!r} can't be written as JSON: {error}") from None
    if not isinstance(extra, dict):
        raise ArgumentError(f"extra of asset {name!r} is a dict, not {extra!r}")
    return extra


def _unknown_argument(name: str) -> str:
    if name == "watchers":
        return "dagtop has no asset watchers: trigger the DAG, or record an event, from outside"
    return f"Asset() got the unknown argument {name!r}"
