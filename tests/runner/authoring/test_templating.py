"""Templates, rendered as Airflow renders them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring.baseoperator import BaseOperator
from runner.authoring.context import Context
from runner.authoring.dag import DAG
from runner.authoring.decorators import task
from runner.authoring.exceptions import NotFoundException, SkipException
from runner.authoring.operators.python import PythonOperator
from runner.authoring.taskinstance import TaskInstance
from runner.authoring.templating import (
    TemplateError,
    has_templates,
    literal,
    make_environment,
    prepare,
    render_template,
    render_template_fields,
    render_text,
)
from runner.journal.records import XComInput
from tests.support.attempts import Attempts

ROOT = Path(__file__).resolve().parents[3]


class Renders(BaseOperator):
    template_fields = ("field",)
    template_ext = (".sql",)

    def __init__(self, *, field: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.field = field


def rendered(attempts: Attempts, field: Any, *, dag: DAG | None = None, **changes: Any) -> Any:
    """``field`` of a task, rendered in a context."""
    arguments = changes.pop("arguments", {})
    dag = dag or DAG("dag")
    operator = Renders(task_id="task", field=field, dag=dag, **arguments)
    ticket = attempts.ticket(dag, "task", **changes)
    ti = TaskInstance(ticket, dag, operator, 0.0)
    context = ti.context = Context(ticket, dag, ti)
    copy = operator.prepare_for_execution()
    render_template_fields(copy, context)
    return copy.field


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ ds }}", "2024-01-02"),
        ("{{ ds_nodash }}-{{ ts_nodash }}", "20240102-20240102T000000"),
        ("{{ ts_nodash_with_tz }}", "20240102T000000+0000"),
        ("{{ logical_date }}", "2024-01-02 00:00:00+00:00"),
        ("{{ logical_date.add(days=1) | ds }}", "2024-01-03"),
        ("{{ data_interval_end | ds_nodash }}", "20240103"),
        ("{{ data_interval_end | ts }}", "2024-01-03T00:00:00+00:00"),
        ("{{ data_interval_end | ts_nodash }}", "20240103T000000"),
        ("{{ data_interval_end | ts_nodash_with_tz }}", "20240103T000000+0000"),
        ("{{ none | ds }}|{{ none | ts_nodash_with_tz }}", "None|None"),
        ("{{ prev_start_date_success | ds }} {{ prev_start_date_success }}", "None None"),
        ("{{ macros.ds_add(ds, 7) }}", "2024-01-09"),
        ("{{ macros.ds_format(ds, '%Y-%m-%d', '%d.%m.%Y') }}", "02.01.2024"),
        ("{{ macros.datetime(2024, 1, 1).year }} {{ macros.timedelta(days=2).days }}", "2024 2"),
        ("{{ params.x }} {{ params['x'] }}", "5 5"),
        ("{{ dag_run.conf.get('lr', 0.1) }} {{ dag_run.run_type }}", "0.1 scheduled"),
        ("{{ task.task_id }} {{ dag.dag_id }} {{ ti.try_number }}", "task dag 1"),
        ("{{ task_instance_key_str }}", "dag__task__20240102"),
        ("{% for i in range(3) %}{{ i }}{% endfor %}", "012"),
        ("{% set x = [] %}{% do x.append(1) %}{{ x }}", "[1]"),
        ("{# nothing #}x", "x"),
        ("{{ 'a' if run_id.startswith('scheduled') else 'b' }}", "a"),
        ("{{ var.value.greeting }} {{ var.value.get('gone', 'd') }}", "hi d"),
        ("{{ var.json.settings.depth }} {{ var.json.get('gone', {'a': 1}).a }}", "3 1"),
        ("{{ conn.db.host }} {{ conn.get('db').port }}", "db.example 5432"),
        ("{{ dag._timetable }}", "None"),
    ],
)
def test_templates(attempts: Attempts, template: str, text: str) -> None:
    attempts.knowledge.variables |= {"greeting": "hi", "settings": '{"depth": 3}'}
    attempts.knowledge.connections["db"] = {"host": "db.example", "port": 5432}
    with attempts.serving():
        dag = DAG("dag", params={"x": 5})
        assert rendered(attempts, template, dag=dag) == text


class Pair(NamedTuple):
    a: str
    b: str


class Holder:
    template_fields = ("inner", "other")

    def __init__(self, inner: Any, other: Any = "") -> None:
        self.inner = inner
        self.other = other


def test_collections_are_rendered_deep(attempts: Attempts) -> None:
    value = {"{{ ds }}": ["{{ ds }}", ("{{ ds }}", 1), {"{{ ds }}"}], "p": Pair("{{ ds }}", "b")}
    day = "2024-01-02"
    result = rendered(attempts, value)
    assert result == {"{{ ds }}": [day, (day, 1), {day}], "p": Pair(day, "b")}
    assert isinstance(result["p"], Pair)


def test_objects_with_template_fields_are_rendered(attempts: Attempts) -> None:
    holder = Holder(["{{ ds }}"], Holder("{{ run_id }}"))
    rendered(attempts, holder)
    assert holder.inner == ["2024-01-02"]
    assert holder.other.inner == "scheduled__2024-01-02T00:00:00+00:00"


def test_objects_that_refer_to_each_other_are_rendered_once() -> None:
    operator = Renders(task_id="task")
    holder = Holder("{{ '{{ x }}' }}", Holder("b"))
    holder.other.other = holder
    assert has_templates(holder)
    assert render_template(operator, holder, {}) is holder
    assert holder.inner == "{{ x }}"


def test_what_is_no_text_stays_as_it_is(attempts: Attempts) -> None:
    thing = object()
    assert rendered(attempts, [1, None, 2.5, thing, b"{{ ds }}"]) == [
        1,
        None,
        2.5,
        thing,
        b"{{ ds }}",
    ]
    path = Path("{{ ds }}")
    assert rendered(attempts, path) is path


def test_a_callable_field_is_called(attempts: Attempts) -> None:
    def make(context: Any, jinja_env: jinja2.Environment) -> str:
        return jinja_env.from_string("<{{ x }}>").render(x=context["ds"])

    assert rendered(attempts, make) == "<2024-01-02>"


def test_literal_is_left_alone(attempts: Attempts) -> None:
    assert rendered(attempts, literal("{{ ds }}")) == "{{ ds }}"
    assert rendered(attempts, [literal("{{ ds }}"), "{{ ds }}"]) == ["{{ ds }}", "2024-01-02"]


def test_values_of_other_tasks_are_data_and_not_templates(attempts: Attempts) -> None:
    with DAG("dag") as dag:

        @task
        def text() -> str:
            return ""

        value = text()
    handed = [XComInput("text", "return_value", -1, b'"{{ ds }}"')]
    assert rendered(attempts, value, dag=dag, xcoms=handed) == "{{ ds }}"


def test_text_with_an_xcom_in_it_pulls_it(attempts: Attempts) -> None:
    with DAG("dag") as dag:

        @task
        def name() -> str:
            return ""

        text = f"hello {name()}"
    handed = [XComInput("name", "return_value", -1, b'"Anna"')]
    assert rendered(attempts, text, dag=dag, xcoms=handed) == "hello Anna"


# native objects


def test_native_rendering_gives_objects(attempts: Attempts) -> None:
    dag = DAG("dag", render_template_as_native_obj=True, params={"x": [1, 2]})
    assert rendered(attempts, "{{ params.x }}", dag=dag) == [1, 2]


def test_native_rendering_reads_plain_text_too(attempts: Attempts) -> None:
    dag = DAG("dag", render_template_as_native_obj=True)
    assert rendered(attempts, "5", dag=dag) == 5


def test_an_operator_may_choose_for_itself(attempts: Attempts) -> None:
    native = {"render_template_as_native_obj": True}
    assert rendered(attempts, "{{ [1, 2] }}", arguments=native) == [1, 2]
    dag = DAG("dag", render_template_as_native_obj=True)
    text = {"render_template_as_native_obj": False}
    assert rendered(attempts, "{{ [1, 2] }}", dag=dag, arguments=text) == "[1, 2]"


# files, macros, filters, environments


def test_files_are_found_beside_the_pipeline_and_on_the_searchpath(
    attempts: Attempts, tmp_path: Path
) -> None:
    (tmp_path / "q.sql").write_text("select '{{ ds }}' {% include 'part.sql' %}\n")
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "part.sql").write_text("-- {{ run_id | length }}")
    dag = DAG("dag", template_searchpath=str(tmp_path / "more"))
    dag.fileloc = str(tmp_path / "pipeline.py")
    assert rendered(attempts, "q.sql", dag=dag) == "select '2024-01-02' -- 36"
    with pytest.raises(TemplateError, match=r"names the file 'gone\.sql', which is neither beside"):
        rendered(attempts, "gone.sql", dag=DAG("other"))


def test_macros_and_filters_of_the_dag(attempts: Attempts) -> None:
    dag = DAG(
        "dag",
        user_defined_macros={"twice": lambda x: x * 2, "ds": "never: the context comes first"},
        user_defined_filters={"shout": str.upper},
    )
    assert (
        rendered(attempts, "{{ twice(3) }} {{ 'a' | shout }} {{ ds }}", dag=dag) == "6 A 2024-01-02"
    )


def test_the_environment_takes_the_dags_options(attempts: Attempts) -> None:
    dag = DAG(
        "dag", jinja_environment_kwargs={"variable_start_string": "<<", "variable_end_string": ">>"}
    )
    assert rendered(attempts, "<< ds >> {{ ds }}", dag=dag) == "2024-01-02 {{ ds }}"
    lenient = DAG("dag", template_undefined=jinja2.Undefined)
    assert rendered(attempts, "<{{ nothing }}>", dag=lenient) == "<>"


# errors


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ nothing }}", "template field 'field' of task 'task': 'nothing' is undefined"),
        ("{{ execution_date }}", "Airflow 3 has no execution_date, use logical_date"),
        ("{{ next_ds }}", "use {{ data_interval_end | ds }}"),
        ("{{ params.gone }}", "'dict object' has no attribute 'gone'"),
        ("{% if %}", "(line 1 of the template)"),
        ("{{ ''.__class__ }}", "access to attribute '__class__' of 'str' object is unsafe"),
    ],
)
def test_what_cant_be_rendered_is_told(attempts: Attempts, template: str, message: str) -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(attempts, template)
    assert message in str(caught.value)


def test_names_that_need_a_logical_date_say_so(attempts: Attempts) -> None:
    with pytest.raises(TemplateError, match="'ds' is undefined; this run has no logical date"):
        rendered(attempts, "{{ ds }}", logical_date=None)


def test_what_a_macro_raises_goes_through(attempts: Attempts) -> None:
    def skip() -> None:
        raise SkipException("not today")

    with pytest.raises(SkipException):
        rendered(attempts, "{{ skip() }}", dag=DAG("dag", user_defined_macros={"skip": skip}))
    with attempts.serving(), pytest.raises(NotFoundException, match="there is no Variable 'gone'"):
        rendered(attempts, "{{ var.value.gone }}")


def test_a_field_that_the_operator_hasnt_is_told(attempts: Attempts) -> None:
    class Wrong(BaseOperator):
        template_fields = ("gone",)

    with DAG("dag") as dag:
        operator = Wrong(task_id="task")
    ticket = attempts.ticket(dag, "task")
    context = Context(ticket, dag, TaskInstance(ticket, dag, operator, 0.0))
    with pytest.raises(
        TemplateError, match="'gone' is a template field of Wrong, which has no such"
    ):
        render_template_fields(operator, context)


# other ways in


def test_render_template_and_render_text(attempts: Attempts) -> None:
    with DAG("dag") as dag:
        operator = PythonOperator(task_id="task", python_callable=print)
    ticket = attempts.ticket(dag, "task")
    context = Context(ticket, dag, TaskInstance(ticket, dag, operator, 0.0))
    assert render_template(operator, {"a": "{{ ds }}"}, context) == {"a": "2024-01-02"}
    assert render_text(dag, "{{ task.task_id }}", context) == "task"
    assert render_text(None, "{{ ds }}", context) == "2024-01-02"
    with pytest.raises(TemplateError, match="the template: 'x' is undefined"):
        render_text(dag, "{{ x }}", context)


def test_has_templates_and_prepare() -> None:
    assert has_templates({"a": ["{{ ds }}"]})
    assert has_templates(Holder("{% if x %}{% endif %}"))
    assert not has_templates(["{", "a }} b", 3, Holder("x"), Holder])
    prepare(DAG("dag"), {"a": ["{{ ds }}", "{% wrong"]})


@given(st.text(alphabet="a{}%#\r\n ", max_size=12))
def test_text_without_marks_is_left_as_jinja_leaves_it(text: str) -> None:
    if has_templates(text):
        return
    with DAG("dag") as dag:
        operator = PythonOperator(task_id="task", python_callable=print)
    assert (
        render_template(operator, text, {})
        == make_environment(dag, native=False).from_string(text).render()
    )


LIGHT = """
import sys
sys.path.insert(0, {root!r})
from runner.authoring.dag import DAG
from runner.authoring.operators.bash import BashOperator
from runner.authoring.templating import render_template_fields
with DAG("d") as dag:
    operator = BashOperator(task_id="t", bash_command="echo plain", env={{"a": "b"}})
render_template_fields(operator, {{}})
print("jinja2" in sys.modules)
"""


def test_plain_text_never_loads_jinja(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-P", "-c", LIGHT.format(root=str(ROOT))],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=50,
        check=False,
    )
    assert result.stdout.strip() == "False", result.stderr
