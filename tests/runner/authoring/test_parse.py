"""Importing pipeline files: what they define, and one sentence for each way that they can fail."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from runner.authoring.failures import ParseFailure
from runner.authoring.parse import ParsedFile, parse_file

Parse = Callable[..., ParsedFile | ParseFailure]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    path, folder = list(sys.path), tmp_path / "workspace"
    (folder / "dags").mkdir(parents=True)
    yield folder
    sys.path[:] = path


@pytest.fixture
def parse(workspace: Path) -> Parse:
    """Write files below the workspace (the first argument is ``dags/x.py``) and import that."""

    def run(source: str | bytes, **files: str) -> ParsedFile | ParseFailure:
        for name, text in files.items():
            path = workspace / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        main = workspace / "dags" / "x.py"
        main.write_bytes(source if isinstance(source, bytes) else textwrap.dedent(source).encode())
        return parse_file(main, workspace)

    return run


def parsed(result: ParsedFile | ParseFailure) -> ParsedFile:
    assert isinstance(result, ParsedFile), result
    return result


def failed(result: ParsedFile | ParseFailure) -> ParseFailure:
    assert isinstance(result, ParseFailure), result
    assert "\n" not in result.error
    return result


SIMPLE = """\
from dagtop import DAG, BashOperator

with DAG("d") as dag:
    a = BashOperator(task_id="a", bash_command="true")
    a >> BashOperator(task_id="b",
                      bash_command="true")
"""


def test_a_file_gives_its_dags_with_their_lines(parse: Parse) -> None:
    result = parsed(parse(SIMPLE))
    assert list(result.dags) == ["d"]
    (structure,) = result.structures
    assert (structure["file"], structure["line"]) == ("dags/x.py", 3)
    assert [task["line"] for task in structure["tasks"]] == [4, 5]
    assert (result.dependencies, result.variables, result.warnings) == ([], [], [])
    assert result.fork_unsafe is None


def test_dags_are_found_in_blocks_and_in_global_names_in_the_order_of_the_file(
    parse: Parse,
) -> None:
    result = parse(
        """
        from dagtop import DAG, EmptyOperator, dag
        first = DAG("first")
        EmptyOperator(task_id="a", dag=first)
        def make(name):
            with DAG(name):
                EmptyOperator(task_id="a")
        for name in ("second", "third"):
            make(name)
        @dag
        def fourth(): ...
        fourth()
        hidden = [DAG("hidden")]
        with DAG("unregistered", auto_register=False):
            pass
        """
    )
    assert list(parsed(result).dags) == ["first", "second", "third", "fourth"]


def test_a_factory_in_another_module_makes_dags_of_this_file(parse: Parse) -> None:
    result = parse(
        "from factory import make\nmake('d')\n",
        dags__factory_dot_py="""
        from dagtop import DAG, EmptyOperator
        def make(name):
            with DAG(name):
                EmptyOperator(task_id="a")
        """,
    )
    (structure,) = parsed(result).structures
    assert (structure["line"], structure["tasks"][0]["line"]) == (2, 2)


def test_a_dag_of_another_pipeline_file_stays_that_files(parse: Parse) -> None:
    result = parse("from other import dag\n" + SIMPLE, dags__other_dot_py="""
        from dagtop import DAG
        with DAG("other") as dag: pass
        """)  # fmt: skip
    assert list(parsed(result).dags) == ["d"]


def test_no_dag_is_no_failure(parse: Parse) -> None:
    assert parsed(parse("x = 1")).dags == {}


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("x = 1\nif", "dags/x.py:2: SyntaxError: invalid syntax"),
        ("x = 1\n\n1 / 0", "dags/x.py:3: ZeroDivisionError: division by zero"),
        ("def f():\n  raise KeyError('k')\nf()", "dags/x.py:2: KeyError: 'k'"),
        ("raise RuntimeError", "dags/x.py:1: RuntimeError was raised while the file was imported"),
        ("import sys\nsys.exit(3)", "dags/x.py:2: sys.exit(3) was called while the file was"),
        ("raise SystemExit", "dags/x.py:1: sys.exit() was called while the file was imported"),
        ("raise KeyboardInterrupt", "dags/x.py:1: KeyboardInterrupt was raised"),
        ("class Own(BaseException): ...\nraise Own('x')", "dags/x.py:2: Own: x"),
        ("raise ValueError('two\\nlines')", "dags/x.py:1: ValueError: two lines"),
        ("import no_such_thing", "dags/x.py:1: ModuleNotFoundError: No module named 'no_such"),
        ("from dagtop import BashOperater", "dags/x.py:1: ImportError: cannot import name"),
        ("def f(): f()\nf()", "dags/x.py:1: RecursionError: maximum recursion depth"),
        (b"x = '\xff'", "dags/x.py:1: SyntaxError: (unicode error)"),
        (b"x = 1\0", "dags/x.py: SyntaxError: source code string cannot contain null bytes"),
    ],
)
def test_each_failure_is_one_sentence_with_file_and_line(
    parse: Parse, source: str | bytes, error: str
) -> None:
    assert failed(parse(source)).error.startswith(error)


@pytest.mark.parametrize(
    ("source", "error"),
    [
        (
            "DAG('d', schedule='61 * * * *')",
            "2: the cron expression '61 * * * *' is not valid: '61' is no minute (0 to 59)",
        ),
        ("DAG('d', schedule=3)", "2: a schedule can't be a int"),
        ("a = DAG('d')\nb = DAG('d')", "3: two DAGs are called 'd' in this file"),
        ("DAG('d', schedule_interval=1)", "2: DAG 'd' got the unknown argument 'schedule_inter"),
        ("DAG('d', params={'p': {1, 2}})", "2: DAG 'd': param 'p': {1, 2} is not JSON"),
    ],
)
def test_what_is_wrong_with_a_dag_is_said_at_its_line(
    parse: Parse, source: str, error: str
) -> None:
    result = failed(parse(f"from dagtop import *\n{source}"))
    assert result.error.startswith(f"dags/x.py:{error}")


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("a()\n  a()", "4: task id 'a' is used twice in DAG 'd'"),
        ("a() >> b() >> dag['a']", "2: cycle: a -> b -> a"),
        ("a(trigger_rule='all_succes')", "3: unknown trigger rule 'all_succes': did you mean all_"),
        ("BashOperator(task_id='a')", "3: BashOperator (task 'a') needs the argument 'bash_com"),
        ("a().as_setup() >> b(trigger_rule='always')", "2: task 'b' follows the setup 'a' and so"),
    ],
)
def test_what_is_wrong_with_a_task_is_said_at_its_line(
    parse: Parse, source: str, error: str
) -> None:
    start = "from dagtop import *; from functools import partial\nwith DAG('d') as dag:"
    names = " ".join(f"{n} = partial(EmptyOperator, task_id='{n}');" for n in "ab")
    first, *rest = source.split("\n")
    result = failed(parse("\n".join([start, f"  {names} {first}", *rest])))
    assert result.error.startswith(f"dags/x.py:{error}")


def test_a_failure_in_another_module_is_told_at_its_import(parse: Parse) -> None:
    result = failed(parse("\nimport helper\n", dags__helper_dot_py="\n\nif"))
    assert result.error == "dags/x.py:2: SyntaxError in dags/helper.py:3: invalid syntax"
    assert result.line == 2
    result = failed(parse("\n\nimport helper\n", dags__helper_dot_py="1 / 0"))
    assert result.error == "dags/x.py:3: ZeroDivisionError: division by zero"
    assert "dags/helper.py" in result.traceback


def test_the_traceback_has_none_of_our_frames(parse: Parse) -> None:
    result = failed(parse("from dagtop import *\nwith DAG('d'):\n  EmptyOperator(task_id='a b')"))
    assert "runner" + os.sep not in result.traceback
    assert "EmptyOperator(task_id='a b')" in result.traceback


def test_a_file_that_cannot_be_read_is_a_failure(workspace: Path) -> None:
    result = failed(parse_file(workspace / "dags" / "gone.py", workspace))
    assert result.error == "dags/gone.py: the file can't be read: No such file or directory"


def test_what_the_hosts_signal_handler_raises_gets_through(parse: Parse) -> None:
    from runner.host.file_host import ImportTimedOut

    with pytest.raises(ImportTimedOut):
        parse("from runner.host.file_host import ImportTimedOut\nraise ImportTimedOut")


def test_after_a_failure_the_next_file_begins_afresh(parse: Parse) -> None:
    failed(parse("from dagtop import *\nDAG('left').__enter__()\n1 / 0"))
    assert list(parsed(parse(SIMPLE)).dags) == ["d"]


def test_local_modules_and_data_that_are_read_are_dependencies(
    parse: Parse, workspace: Path
) -> None:
    result = parse(
        """
        import json, pathlib
        from include.deep import thing
        import helper
        from a_plugin import x
        here = pathlib.Path(__file__).parent
        pathlib.Path(here / "config.json").read_text()
        open(here / "written.txt", "w").close()
        open("/dev/null").close()
        """,
        include__deep_dot_py="from include import other\nthing = 1",
        include__other_dot_py="",
        dags__helper_dot_py="",
        plugins__a_plugin_dot_py="x = 1",
        dags__config_dot_json="{}",
    )
    names = ["dags/config.json", "dags/helper.py", "include/deep.py", "include/other.py"]
    assert parsed(result).dependencies == [
        str(workspace / name) for name in [*names, "plugins/a_plugin.py"]
    ]


def test_a_failed_import_has_dependencies_too(parse: Parse, workspace: Path) -> None:
    result = failed(parse("import helper\n1 / 0", dags__helper_dot_py=""))
    assert result.dependencies == [str(workspace / "dags" / "helper.py")]


def test_a_changed_module_is_read_afresh(parse: Parse) -> None:
    source = "import helper\nfrom dagtop import DAG\ndag = DAG(helper.NAME)"
    assert list(parsed(parse(source, dags__helper_dot_py="NAME = 'one'")).dags) == ["one"]
    assert list(parsed(parse(source, dags__helper_dot_py="NAME = 'other'")).dags) == ["other"]


def test_an_edit_within_a_second_is_seen(parse: Parse) -> None:
    for name in ("one", "two", "six"):
        assert list(parsed(parse(f"from dagtop import DAG\nd = DAG('{name}')")).dags) == [name]


def test_a_module_named_like_one_of_the_standard_library_does_not_hide_it(parse: Parse) -> None:
    result = parse("import queue; queue.Queue", dags__queue_dot_py="1 / 0")
    assert isinstance(result, ParsedFile)


def test_a_module_called_runner_is_noticed(parse: Parse) -> None:
    result = failed(parse("x = 1\nfrom runner import thing", dags__runner_dot_py="thing = 1"))
    assert result.error == (
        "dags/x.py:2: 'runner' is the name of dagtop's own package, so dags/runner.py can't be "
        "imported: rename it"
    )
    (warning,) = parsed(parse("import runner\n")).warnings
    assert "gives dagtop's own package and not dags/runner.py" in warning


def test_what_was_begun_and_not_finished_is_a_warning(parse: Parse) -> None:
    result = parse(
        """
        from dagtop import *
        @dag
        def pipeline(): ...
        with DAG("d"):
            BashOperator.partial(task_id="a")
            @task_group
            def group(a, b): ...
            group.partial(a=1)
        """
    )
    warnings = parsed(result).warnings
    assert [warning.split(":")[1] for warning in warnings] == ["3", "6", "9"]
    assert "pipeline() is never called" in warnings[0]
    assert "BashOperator.partial(task_id='a') is never expanded" in warnings[1]
    assert "@task_group group.partial(…) is never expanded" in warnings[2]


def test_classes_of_a_file_can_be_found_by_their_module(parse: Parse) -> None:
    result = parse(
        """
        from __future__ import annotations
        import dataclasses, pickle, typing
        from dagtop import DAG
        @dataclasses.dataclass
        class Config:
            x: typing.ClassVar[int] = 1
            y: int = 2
        assert pickle.loads(pickle.dumps(Config())) == Config()
        dag = DAG("d")
        """
    )
    assert list(parsed(result).dags) == ["d"]


def test_open_is_what_it_was_after_an_import(parse: Parse) -> None:
    import builtins
    import io

    before = builtins.open
    parse("1 / 0")
    assert builtins.open is io.open is before
