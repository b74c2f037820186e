"""Rendering of template fields with Jinja, as Airflow does it.

Strings without Jinja's marks are taken as they are, so that a task without templates never loads
Jinja. The environment is sandboxed, or native where the DAG or operator wants objects instead of
text; an unknown name is an error, as in both majors of Airflow.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections import ChainMap
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from runner.authoring.context import value_of
from runner.authoring.exceptions import DagtopException
from runner.authoring.xcom_arg import Resolvable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, MutableMapping

    import jinja2

    from runner.authoring.baseoperator import BaseOperator
    from runner.authoring.dag import DAG

_MARKS = ("{{", "{%", "{#")
_DEEPEST = 20
"""How deep templates are looked for: things may refer to each other in a circle."""
_GONE = {
    "execution_date": "logical_date",
    "next_execution_date": "data_interval_end",
    "prev_execution_date": "prev_data_interval_start_success",
    "next_ds": "{{ data_interval_end | ds }}",
    "next_ds_nodash": "{{ data_interval_end | ds_nodash }}",
    "prev_ds": "{{ prev_data_interval_start_success | ds }}",
    "prev_ds_nodash": "{{ prev_data_interval_start_success | ds_nodash }}",
    "yesterday_ds": "{{ macros.ds_add(ds, -1) }}",
    "yesterday_ds_nodash": "{{ macros.ds_add(ds, -1) | replace('-', '') }}",
    "tomorrow_ds": "{{ macros.ds_add(ds, 1) }}",
    "tomorrow_ds_nodash": "{{ macros.ds_add(ds, 1) | replace('-', '') }}",
}
"""Names of Airflow 2's context that 3 has not, and what to write instead."""
_DATED = (
    "data_interval_end",
    "data_interval_start",
    "ds",
    "ds_nodash",
    "logical_date",
    "ts",
    "ts_nodash",
    "ts_nodash_with_tz",
)


class TemplateError(DagtopException):
    """A template can't be rendered; the message names the field and says why."""


class LiteralValue(Resolvable):
    """A value that is not rendered."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"literal({self.value!r})"

    def resolve(self, context: Mapping[str, Any]) -> Any:
        return self.value


def literal(value: Any) -> LiteralValue:
    """Wrap a value in a template field that is to stay as it is, braces and all."""
    return LiteralValue(value)


def render_template_fields(
    operator: BaseOperator, context: Mapping[str, Any], jinja_env: Any = None
) -> None:
    """Render an operator's template fields in place, references resolved.

    Raises ``TemplateError``, or what a reference or a macro raises.
    """
    _Renderer(operator, context, jinja_env).fields_of(operator, operator.template_fields)


def render_template(operator: BaseOperator, content: Any, context: Mapping[str, Any]) -> Any:
    """``content`` rendered as a template field of that operator would be."""
    return _Renderer(operator, context, None).render(content)


def render_text(dag: DAG | None, text: str, context: Mapping[str, Any]) -> str:
    """One template as text, such as ``map_index_template``. Raises ``TemplateError``."""
    if not _has_marks(text):
        return text
    try:
        return str(_Environment.of(dag, native=False).render(text, context))
    except Exception as error:
        explained = _explained(error, "the template", context)
        if explained is None:
            raise
        raise explained from error


def has_templates(value: Any, depth: int = 0) -> bool:
    """Whether a field's value has a template in it, so that rendering will load Jinja."""
    if isinstance(value, str):
        return _has_marks(value)
    if depth > _DEEPEST or isinstance(value, type):
        return False
    if isinstance(value, dict):
        inner: Iterable[Any] = value.values()
    elif isinstance(value, (list, tuple, set)):
        inner = value
    else:
        fields = getattr(value, "template_fields", None) or ()
        inner = [getattr(value, field, None) for field in fields]
    return any(has_templates(element, depth + 1) for element in inner)


def prepare(dag: DAG, value: Any, depth: int = 0) -> None:
    """Load Jinja and compile the templates in ``value``, for the processes forked from here.

    What is wrong with a template is told when a task renders it.
    """
    if isinstance(value, str):
        if _has_marks(value):
            _Environment.of(dag, native=dag.render_template_as_native_obj).compile_quietly(value)
    elif depth <= _DEEPEST and isinstance(value, (dict, list, tuple, set)):
        for element in value.values() if isinstance(value, dict) else value:
            prepare(dag, element, depth + 1)


def _has_marks(text: str) -> bool:
    return "{" in text and any(mark in text for mark in _MARKS)


class _Renderer:
    """Renders the fields of one operator in one context."""

    def __init__(self, operator: BaseOperator, context: Mapping[str, Any], jinja_env: Any) -> None:
        self._context = context
        self._dag = operator.dag
        self._task_id = operator.task_id
        self._given_env = jinja_env
        self._extensions = tuple(operator.template_ext or ())
        native = operator.render_template_as_native_obj
        if native is None:
            native = self._dag is not None and self._dag.render_template_as_native_obj
        self._native = native
        self._plain_syntax = jinja_env is None and not (
            self._dag is not None and self._dag.jinja_environment_kwargs
        )
        self._seen = {id(value) for value in operator.resolved_values}

    def fields_of(self, parent: Any, fields: Iterable[str]) -> None:
        """Render those attributes of ``parent`` in place."""
        for field in fields:
            try:
                value = getattr(parent, field)
            except AttributeError:
                raise TemplateError(
                    f"{field!r} is a template field of {type(parent).__name__}, "
                    "which has no such attribute"
                ) from None
            if _is_empty(value):
                continue
            try:
                rendered = self._call(value) if callable(value) else self.render(value)
            except Exception as error:
                place = f"template field {field!r} of task {self._task_id!r}"
                explained = _explained(error, place, self._context)
                if explained is None:
                    raise
                raise explained from error
            setattr(parent, field, rendered)

    def _call(self, function: Any) -> Any:
        env = self._given_env or _Environment.of(self._dag, native=self._native).jinja
        return function(context=self._context, jinja_env=env)

    def render(self, value: Any) -> Any:
        """``value`` with all text in it rendered and all references resolved."""
        if id(value) in self._seen:
            return value
        kind = type(value)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (int, float, type(None), bytes)):
            return value
        if isinstance(value, Resolvable):
            return value.resolve(self._context)
        if kind is tuple:
            return tuple(self.render(element) for element in value)
        if isinstance(value, tuple):
            return kind(*(self.render(element) for element in value))
        if isinstance(value, list):
            return [self.render(element) for element in value]
        if isinstance(value, dict):
            return {key: self.render(element) for key, element in value.items()}
        if isinstance(value, set):
            return {self.render(element) for element in value}
        self._seen.add(id(value))
        fields = getattr(value, "template_fields", None)
        if fields and not isinstance(value, type):
            self.fields_of(value, [fields] if isinstance(fields, str) else fields)
        return value

    def _text(self, text: str) -> Any:
        if self._extensions and text.endswith(self._extensions):
            return self._environment().render_file(text, self._context)
        if self._plain_syntax and not self._native and not _has_marks(text):
            return _as_jinja_leaves_it(text)
        return self._environment().render(text, self._context)

    def _environment(self) -> _Environment:
        if self._given_env is not None:
            return _Environment(self._given_env)
        return _Environment.of(self._dag, native=self._native)


def _is_empty(value: Any) -> bool:
    try:
        return not value
    except Exception:  # a data frame, say, has no truth value
        return False


def _as_jinja_leaves_it(text: str) -> str:
    """Jinja drops one newline at the end and writes all others as line feeds."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.removesuffix("\n")


class _Environment:
    """A Jinja environment and the templates that it has compiled."""

    def __init__(self, jinja: jinja2.Environment) -> None:
        from jinja2.nativetypes import NativeEnvironment

        self.jinja = jinja
        self._native = isinstance(jinja, NativeEnvironment)
        self._compiled: dict[str, jinja2.Template] = {}

    @classmethod
    def of(cls, dag: DAG | None, *, native: bool) -> _Environment:
        """That of a DAG, made once."""
        if dag is None:
            return cls(make_environment(None, native=native))
        environments = _environments.setdefault(dag, {})
        if native not in environments:
            environments[native] = cls(make_environment(dag, native=native))
        return environments[native]

    def compile(self, text: str) -> jinja2.Template:
        template = self._compiled.get(text)
        if template is None:
            template = self._compiled[text] = self.jinja.from_string(text)
        return template

    def compile_quietly(self, text: str) -> None:
        from jinja2.exceptions import TemplateError as JinjaError

        with contextlib.suppress(JinjaError):
            self.compile(text)

    def render(self, text: str, context: Mapping[str, Any]) -> Any:
        return self._run(self.compile(text), context)

    def render_file(self, name: str, context: Mapping[str, Any]) -> Any:
        return self._run(self.jinja.get_template(name), context)

    def _run(self, template: jinja2.Template, context: Mapping[str, Any]) -> Any:
        """As ``Template.render`` does, without making every value of the lazy context."""
        env = template.environment
        values: MutableMapping[str, Any] = ChainMap(context, template.globals)  # type: ignore[arg-type]
        try:
            inner = env.context_class(env, values, template.name, template.blocks)  # type: ignore[arg-type]
            nodes = list(template.root_render_func(inner))
        except Exception:
            env.handle_exception()
        if self._native:
            from jinja2.nativetypes import native_concat

            return native_concat(nodes)
        return "".join(nodes)


_environments: WeakKeyDictionary[DAG, dict[bool, _Environment]] = WeakKeyDictionary()


def make_environment(dag: DAG | None, *, native: bool) -> jinja2.Environment:
    """A new Jinja environment with Airflow's filters, and the DAG's macros, filters and files."""
    import jinja2
    from jinja2.nativetypes import NativeEnvironment
    from jinja2.sandbox import SandboxedEnvironment, is_internal_attribute

    class Sandboxed(SandboxedEnvironment):
        """Lets names with one leading underscore through, as Airflow's does."""

        def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
            return not is_internal_attribute(obj, attr)

    options: dict[str, Any] = {
        "undefined": jinja2.StrictUndefined,
        "extensions": ["jinja2.ext.do"],
        "cache_size": 0,
    }
    if dag is not None:
        folders = [folder for folder in (dag.folder, *dag.template_searchpath) if folder]
        options["loader"] = jinja2.FileSystemLoader([os.fspath(folder) for folder in folders])
        if dag.template_undefined is not None:
            options["undefined"] = dag.template_undefined
        options.update(dag.jinja_environment_kwargs or {})
    env = NativeEnvironment(**options) if native else Sandboxed(**options)
    env.filters.update(_FILTERS)
    if dag is not None:
        env.globals.update(dag.user_defined_macros or {})
        env.filters.update(dag.user_defined_filters or {})
    return env


def _explained(error: Exception, place: str, context: Mapping[str, Any]) -> TemplateError | None:
    """What Jinja's error means, in one sentence; None where it isn't Jinja's."""
    if isinstance(error, TemplateError):
        return error
    if "jinja2" not in sys.modules:
        return None
    from jinja2 import exceptions

    if not isinstance(error, exceptions.TemplateError):
        return None
    message = error.message or type(error).__name__
    if isinstance(error, exceptions.TemplateNotFound):
        return TemplateError(
            f"{place} names the file {error.name!r}, which is neither beside the pipeline file nor "
            "in template_searchpath"
        )
    if isinstance(error, exceptions.TemplateSyntaxError):
        return TemplateError(f"{place}: {message} (line {error.lineno} of the template)")
    name = message.split("'")[1] if message.count("'") >= 2 else ""
    if name in _GONE:
        message += f"; Airflow 3 has no {name}, use {_GONE[name]}"
    elif name in _DATED and name not in context:
        message += "; this run has no logical date"
    return TemplateError(f"{place}: {message}")


def _written(form: str) -> Callable[[Any], str | None]:
    """A filter that writes a date, and leaves None as it is."""

    def write(value: Any) -> str | None:
        date = value_of(value)
        return None if date is None else date.strftime(form)

    return write


def _ts(value: Any) -> str | None:
    date = value_of(value)
    return None if date is None else date.isoformat()


def _ts_nodash_with_tz(value: Any) -> str | None:
    text = _ts(value)
    return None if text is None else text.replace("-", "").replace(":", "")


_FILTERS = {
    "ds": _written("%Y-%m-%d"),
    "ds_nodash": _written("%Y%m%d"),
    "ts": _ts,
    "ts_nodash": _written("%Y%m%dT%H%M%S"),
    "ts_nodash_with_tz": _ts_nodash_with_tz,
}
