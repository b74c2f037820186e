"""References to what tasks return, and how they become values when a task runs.

A reference in an argument makes an edge when the pipeline is read; ``resolve`` turns it into the
value when the task runs. Resolved values are data: they are never rendered as templates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.authoring.exceptions import ArgumentError, DefinitionError, XComNotFound
from runner.authoring.node import DependencyMixin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

    from runner.authoring.abstractoperator import AbstractOperator
    from runner.authoring.edges import EdgeModifier
    from runner.authoring.node import DAGNode
    from runner.authoring.setup_teardown import Scope

    Context = Mapping[str, Any]

RETURN_VALUE = "return_value"
"""XCom key of what a task returns."""


class _NotSet:
    """An argument that wasn't given, where None is a value."""

    def __repr__(self) -> str:
        return "NOTSET"

    def __bool__(self) -> bool:
        return False


NOTSET: Any = _NotSet()


class Resolvable:
    """Something that has its value when the task runs: an XCom reference, a param."""

    def iter_references(self) -> Iterator[tuple[AbstractOperator, str]]:
        """The (task, XCom key) pairs that it refers to."""
        yield from ()

    def resolve(self, context: Context) -> Any:
        """Its value in this task instance."""
        raise TypeError(f"{type(self).__name__} has no value")


def iter_references(value: Any) -> Iterator[tuple[AbstractOperator, str]]:
    """The (task, XCom key) pairs in ``value``: deep in lists, tuples, sets, dicts and objects
    that have ``template_fields``. Objects may refer to each other; a list or dict that contains
    itself could never be rendered and raises ``DefinitionError``."""
    above: dict[int, Any] = {}
    """What is being looked into, by id, outermost first."""
    levels: list[Iterator[Any]] = [iter((value,))]
    while levels:
        for element in levels[-1]:
            if isinstance(element, Resolvable):
                yield from element.iter_references()
                continue
            inner = _inside(element)
            if inner is None:
                continue
            if id(element) not in above:
                above[id(element)] = element
                levels.append(inner)
                break
            if isinstance(element, (list, dict)):
                kind = type(element).__name__
                raise DefinitionError(f"a {kind} among the arguments contains itself: flatten it")
        else:
            levels.pop()
            if above:
                above.popitem()


def _inside(value: Any) -> Iterator[Any] | None:
    """Where references may be in a value; None where there can't be any."""
    if isinstance(value, (list, tuple, set, frozenset)):
        return iter(value)
    if isinstance(value, dict):
        return iter(value.values())
    if isinstance(value, (str, bytes, int, float, type(None), type)):
        return None
    fields = getattr(value, "template_fields", None)
    if not isinstance(fields, (list, tuple)) or not fields:
        return None
    return (getattr(value, field, None) for field in fields)


def set_references_upstream(node: DAGNode, value: Any) -> None:
    """Put ``node`` after every task that ``value`` refers to."""
    for operator, _ in iter_references(value):
        node.set_upstream(operator)


def resolve(value: Any, context: Context) -> Any:
    """``value`` with every reference in it, deep in containers, replaced by its value now."""
    if isinstance(value, Resolvable):
        return value.resolve(context)
    kind = type(value)
    if kind is dict:
        return {key: resolve(element, context) for key, element in value.items()}
    if kind in (list, tuple, set, frozenset):
        return kind(resolve(element, context) for element in value)
    return value


class XComArg(Resolvable, DependencyMixin):
    """A reference to an XCom. ``XComArg(task)`` is the same as ``task.output``."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        kind: Any = PlainXComArg if cls is XComArg else cls
        return object.__new__(kind)

    if TYPE_CHECKING:

        def __init__(self, operator: AbstractOperator, key: str = RETURN_VALUE) -> None: ...

    @property
    def roots(self) -> list[AbstractOperator]:
        return [operator for operator, _ in self.iter_references()]

    @property
    def leaves(self) -> list[AbstractOperator]:
        return [operator for operator, _ in self.iter_references()]

    def set_upstream(
        self,
        task_or_task_list: DependencyMixin | Sequence[DependencyMixin],
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        for operator in self.roots:
            operator.set_upstream(task_or_task_list, edge_modifier)

    def set_downstream(
        self,
        task_or_task_list: DependencyMixin | Sequence[DependencyMixin],
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        for operator in self.leaves:
            operator.set_downstream(task_or_task_list, edge_modifier)

    def __iter__(self) -> Iterator[Any]:
        raise ArgumentError(
            f"{self!r} can't be looped over while the pipeline is read: its value exists only "
            "when the task has run; use expand() to make a task per item"
        )

    def map(self, f: Callable[[Any], Any]) -> XComArg:
        """The same collection with ``f`` applied to each item (a plain function, no ``@task``)."""
        return MapXComArg(self._whole(), [f])

    def zip(self, *others: XComArg, fillvalue: Any = NOTSET) -> XComArg:
        """Items of several collections side by side: as long as the shortest, or, with a
        ``fillvalue``, as the longest."""
        return ZipXComArg([self._whole(), *(other._whole() for other in others)], fillvalue)

    def concat(self, *others: XComArg) -> XComArg:
        """The items of several collections one after the other."""
        return ConcatXComArg([self._whole(), *(other._whole() for other in others)])

    def _whole(self) -> XComArg:
        """Itself, if it stands for a collection that can be mapped over."""
        return self


class PlainXComArg(XComArg):
    """A reference to one XCom of one task."""

    def __init__(self, operator: AbstractOperator, key: str = RETURN_VALUE) -> None:
        self.operator = operator
        self.key = key

    def __getitem__(self, item: str) -> XComArg:
        """``ref["loss"]``: the XCom with that key, as ``multiple_outputs`` pushes it."""
        if not isinstance(item, str):
            raise DefinitionError(
                f"{self!r}[{item!r}]: only a string can stand here, the key of an XCom; "
                "take the item out inside a task"
            )
        return PlainXComArg(self.operator, item)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PlainXComArg):
            return NotImplemented
        return self.operator is other.operator and self.key == other.key

    def __hash__(self) -> int:
        return hash((id(self.operator), self.key))

    def __repr__(self) -> str:
        key = "" if self.key == RETURN_VALUE else f"[{self.key!r}]"
        return f"{self.operator.task_id}.output{key}"

    def __str__(self) -> str:
        """A template that pulls the XCom: for f-strings in commands."""
        return (
            f"{{{{ task_instance.xcom_pull(task_ids={self.operator.task_id!r}, "
            f"dag_id={self.operator.dag_id!r}, key={self.key!r}) }}}}"
        )

    def iter_references(self) -> Iterator[tuple[AbstractOperator, str]]:
        yield self.operator, self.key

    def _whole(self) -> XComArg:
        if self.key != RETURN_VALUE:
            raise DefinitionError(f"{self!r}: only what a task returns can be mapped over")
        return self

    def resolve(self, context: Context) -> Any:
        """The value: of this map index where both tasks are in one mapped group, a list over all
        map indexes where the other task is mapped, else the one that was pushed."""
        group = self.operator.get_closest_mapped_task_group()
        pull = context["ti"].xcom_pull
        task_id = self.operator.task_id
        if self.operator.is_mapped or group is not None:
            task: AbstractOperator = context["task"]
            if group is None or task.get_closest_mapped_task_group() is not group:
                values = pull(task_ids=task_id, key=self.key)
                return [] if values is None else values
            index = context["ti"].map_index
            value = pull(task_ids=task_id, key=self.key, map_indexes=index, default=NOTSET)
        else:
            value = pull(task_ids=task_id, key=self.key, default=NOTSET)
        if value is not NOTSET:
            return value
        if self.key == RETURN_VALUE or self.operator.multiple_outputs:
            return None
        raise XComNotFound(self.operator.dag_id, task_id, self.key)

    # a decorated setup or teardown function returns one of these: it speaks for its task

    @property
    def is_setup(self) -> bool:
        """Whether its task is a setup."""
        return self.operator.is_setup

    @is_setup.setter
    def is_setup(self, value: bool) -> None:
        self.operator.is_setup = value

    @property
    def is_teardown(self) -> bool:
        """Whether its task is a teardown."""
        return self.operator.is_teardown

    @is_teardown.setter
    def is_teardown(self, value: bool) -> None:
        self.operator.is_teardown = value

    @property
    def on_failure_fail_dagrun(self) -> bool:
        """Whether the run fails with its (teardown) task."""
        return self.operator.on_failure_fail_dagrun

    @on_failure_fail_dagrun.setter
    def on_failure_fail_dagrun(self, value: bool) -> None:
        self.operator.on_failure_fail_dagrun = value

    def as_setup(self) -> Self:
        """Make its task a setup."""
        self.operator.as_setup()
        return self

    def as_teardown(
        self, *, setups: Any = None, on_failure_fail_dagrun: bool | None = None
    ) -> Self:
        """Make its task a teardown, of ``setups``."""
        self.operator.as_teardown(setups=setups, on_failure_fail_dagrun=on_failure_fail_dagrun)
        return self

    def __enter__(self) -> Scope:
        return self.operator.__enter__()

    def __exit__(self, *error: object) -> None:
        self.operator.__exit__(*error)


def as_collection(value: Any, source: object) -> Sequence[Any]:
    """What can be mapped over, by position: a dict becomes its (key, value) pairs."""
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes, bytearray)):
        return value
    what = "None" if value is None else f"a {type(value).__name__}"
    raise ArgumentError(f"{source!r} is {what}: only a list or a dict can be mapped over")


class _Derived(Sequence[Any]):
    """A sequence whose items are computed when they are asked for."""

    def __init__(self, length: int, item: Callable[[int], Any]) -> None:
        self._length = length
        self._item = item

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self._item(i) for i in range(*index.indices(self._length))]
        position = index + self._length if index < 0 else index
        if not 0 <= position < self._length:
            raise IndexError(f"{index} is beyond the {self._length} items")
        return self._item(position)


class MapXComArg(XComArg):
    """``XComArg.map``: functions applied to each item, one after the other, when it is needed."""

    def __init__(self, arg: XComArg, callables: Sequence[Callable[[Any], Any]]) -> None:
        for function in callables:
            if hasattr(function, "operator_class") or not callable(function):
                raise DefinitionError(f"map() takes a plain function, not {function!r}")
        self.arg = arg
        self.callables = list(callables)

    def __repr__(self) -> str:
        names = [getattr(f, "__name__", "<function>") for f in self.callables]
        return repr(self.arg) + "".join(f".map({name})" for name in names)

    def iter_references(self) -> Iterator[tuple[AbstractOperator, str]]:
        yield from self.arg.iter_references()

    def map(self, f: Callable[[Any], Any]) -> XComArg:
        return MapXComArg(self.arg, [*self.callables, f])

    def resolve(self, context: Context) -> Any:
        items = as_collection(self.arg.resolve(context), self.arg)

        def item(index: int) -> Any:
            value = items[index]
            for function in self.callables:
                value = function(value)
            return value

        return _Derived(len(items), item)


class ZipXComArg(XComArg):
    """``XComArg.zip``: tuples of one item of each part."""

    def __init__(self, args: Sequence[XComArg], fillvalue: Any = NOTSET) -> None:
        self.args = list(args)
        self.fillvalue = fillvalue

    def __repr__(self) -> str:
        inside = [repr(arg) for arg in self.args[1:]]
        if self.fillvalue is not NOTSET:
            inside.append(f"fillvalue={self.fillvalue!r}")
        return f"{self.args[0]!r}.zip({', '.join(inside)})"

    def iter_references(self) -> Iterator[tuple[AbstractOperator, str]]:
        for arg in self.args:
            yield from arg.iter_references()

    def resolve(self, context: Context) -> Any:
        parts = [as_collection(arg.resolve(context), arg) for arg in self.args]
        lengths = [len(part) for part in parts]
        length = min(lengths) if self.fillvalue is NOTSET else max(lengths)

        def item(index: int) -> Any:
            return tuple(part[index] if index < len(part) else self.fillvalue for part in parts)

        return _Derived(length, item)


class ConcatXComArg(XComArg):
    """``XComArg.concat``: the items of each part in turn."""

    def __init__(self, args: Sequence[XComArg]) -> None:
        self.args = list(args)

    def __repr__(self) -> str:
        return f"{self.args[0]!r}.concat({', '.join(repr(arg) for arg in self.args[1:])})"

    def iter_references(self) -> Iterator[tuple[AbstractOperator, str]]:
        for arg in self.args:
            yield from arg.iter_references()

    def concat(self, *others: XComArg) -> XComArg:
        return ConcatXComArg([*self.args, *(other._whole() for other in others)])

    def resolve(self, context: Context) -> Any:
        parts = [as_collection(arg.resolve(context), arg) for arg in self.args]

        def item(index: int) -> Any:
            for part in parts:
                if index < len(part):
                    return part[index]
                index -= len(part)
            raise IndexError(f"{index} is beyond the items")

        return _Derived(sum(len(part) for part in parts), item)
