"""dagtop's public face: what a pipeline file imports.

    from dagtop import DAG, BashOperator, dag, task

The names and their meaning are those of Airflow's Task SDK. Each is loaded when it is first used,
so that a task's process carries only what its pipeline file needs.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.authoring import macros
    from runner.authoring.artifacts import (
        log_artifact,
        log_artifacts,
        log_dict,
        log_figure,
        log_table,
        log_text,
    )
    from runner.authoring.assets import Asset, AssetAll, AssetAny
    from runner.authoring.baseoperator import BaseOperator
    from runner.authoring.connection import BaseHook, Connection
    from runner.authoring.context import Context, get_current_context
    from runner.authoring.dag import DAG, dag
    from runner.authoring.datasets import log_input
    from runner.authoring.decorators import setup, task, task_group, teardown
    from runner.authoring.distributions import log_distribution
    from runner.authoring.edges import EdgeModifier, Label, chain, chain_linear, cross_downstream
    from runner.authoring.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowNotFoundException,
        AirflowRescheduleException,
        AirflowSensorTimeout,
        AirflowSkipException,
        AirflowTaskTerminated,
        AirflowTaskTimeout,
        DagtopException,
        DownstreamTasksSkipped,
        FailException,
        NotFoundException,
        ParamValidationError,
        RescheduleException,
        SensorTimeout,
        SkipException,
        TaskTerminated,
        TaskTimeout,
        XComNotFound,
    )
    from runner.authoring.operators.bash import BashOperator
    from runner.authoring.operators.branch import BaseBranchOperator, BranchMixIn, SkipMixin
    from runner.authoring.operators.empty import EmptyOperator
    from runner.authoring.operators.latest_only import LatestOnlyOperator
    from runner.authoring.operators.python import (
        BranchPythonOperator,
        PythonOperator,
        ShortCircuitOperator,
    )
    from runner.authoring.params import Param, ParamsDict
    from runner.authoring.reading_artifacts import download_artifact, load_dict, load_text
    from runner.authoring.registry import (
        ModelVersion,
        delete_model_alias,
        model_version,
        register_model,
        set_model_alias,
    )
    from runner.authoring.sensors.base import BaseSensorOperator, PokeReturnValue
    from runner.authoring.sensors.filesystem import FileSensor
    from runner.authoring.sensors.python import PythonSensor
    from runner.authoring.sensors.time_delta import TimeDeltaSensor
    from runner.authoring.task_group import TaskGroup
    from runner.authoring.templating import literal
    from runner.authoring.timetables import (
        CronDataIntervalTimetable,
        CronTriggerTimetable,
        DeltaDataIntervalTimetable,
        DeltaTriggerTimetable,
    )
    from runner.authoring.tracked_runs import (
        ActiveRun,
        active_run,
        end_run,
        set_experiment,
        start_run,
    )
    from runner.authoring.tracking import (
        delete_tag,
        log_metric,
        log_metrics,
        log_param,
        log_params,
        set_tag,
        set_tags,
    )
    from runner.authoring.trigger_rule import TriggerRule, WeightRule
    from runner.authoring.variable import Variable
    from runner.authoring.xcom_arg import XComArg

__version__ = "0.1.0"

_NAMES = {
    "artifacts": "log_artifact log_artifacts log_dict log_figure log_table log_text",
    "assets": "Asset AssetAll AssetAny",
    "baseoperator": "BaseOperator",
    "connection": "BaseHook Connection",
    "context": "Context get_current_context",
    "dag": "DAG dag",
    "datasets": "log_input",
    "decorators": "setup task task_group teardown",
    "distributions": "log_distribution",
    "edges": "EdgeModifier Label chain chain_linear cross_downstream",
    "exceptions": (
        "AirflowException AirflowFailException AirflowNotFoundException "
        "AirflowRescheduleException AirflowSensorTimeout AirflowSkipException "
        "AirflowTaskTerminated AirflowTaskTimeout DagtopException DownstreamTasksSkipped "
        "FailException NotFoundException ParamValidationError RescheduleException SensorTimeout "
        "SkipException TaskTerminated TaskTimeout XComNotFound"
    ),
    "macros": "macros",
    "operators.bash": "BashOperator",
    "operators.branch": "BaseBranchOperator BranchMixIn SkipMixin",
    "operators.empty": "EmptyOperator",
    "operators.latest_only": "LatestOnlyOperator",
    "operators.python": "BranchPythonOperator PythonOperator ShortCircuitOperator",
    "params": "Param ParamsDict",
    "reading_artifacts": "download_artifact load_dict load_text",
    "registry": ("ModelVersion delete_model_alias model_version register_model set_model_alias"),
    "sensors.base": "BaseSensorOperator PokeReturnValue",
    "sensors.filesystem": "FileSensor",
    "sensors.python": "PythonSensor",
    "sensors.time_delta": "TimeDeltaSensor",
    "task_group": "TaskGroup",
    "templating": "literal",
    "timetables": (
        "CronDataIntervalTimetable CronTriggerTimetable DeltaDataIntervalTimetable "
        "DeltaTriggerTimetable"
    ),
    "tracked_runs": "ActiveRun active_run end_run set_experiment start_run",
    "tracking": "delete_tag log_metric log_metrics log_param log_params set_tag set_tags",
    "trigger_rule": "TriggerRule WeightRule",
    "variable": "Variable",
    "xcom_arg": "XComArg",
}
"""Module of ``runner.authoring`` -> the names that come from it."""
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names.split()}

_NOT_BUILT = {
    "AssetAlias": "asset aliases are not built: name the assets themselves in outlets",
    "AssetOrTimeSchedule": "make a DAG on the assets, and another with the schedule",
    "AssetWatcher": "trigger the DAG, or record an event, from outside",
    "Dataset": "it is called Asset",
    "Metadata": "set outlet_events[asset].extra instead",
    "asset": "write a DAG with a task that has the asset in its outlets",
}
"""Airflow's names of what is not built, with what to do instead."""

__all__ = [
    "DAG",
    "ActiveRun",
    "AirflowException",
    "AirflowFailException",
    "AirflowNotFoundException",
    "AirflowRescheduleException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "AirflowTaskTerminated",
    "AirflowTaskTimeout",
    "Asset",
    "AssetAll",
    "AssetAny",
    "BaseBranchOperator",
    "BaseHook",
    "BaseOperator",
    "BaseSensorOperator",
    "BashOperator",
    "BranchMixIn",
    "BranchPythonOperator",
    "Connection",
    "Context",
    "CronDataIntervalTimetable",
    "CronTriggerTimetable",
    "DagtopException",
    "DeltaDataIntervalTimetable",
    "DeltaTriggerTimetable",
    "DownstreamTasksSkipped",
    "EdgeModifier",
    "EmptyOperator",
    "FailException",
    "FileSensor",
    "Label",
    "LatestOnlyOperator",
    "ModelVersion",
    "NotFoundException",
    "Param",
    "ParamValidationError",
    "ParamsDict",
    "PokeReturnValue",
    "PythonOperator",
    "PythonSensor",
    "RescheduleException",
    "SensorTimeout",
    "ShortCircuitOperator",
    "SkipException",
    "SkipMixin",
    "TaskGroup",
    "TaskTerminated",
    "TaskTimeout",
    "TimeDeltaSensor",
    "TriggerRule",
    "Variable",
    "WeightRule",
    "XComArg",
    "XComNotFound",
    "active_run",
    "chain",
    "chain_linear",
    "cross_downstream",
    "dag",
    "delete_model_alias",
    "delete_tag",
    "download_artifact",
    "end_run",
    "get_current_context",
    "literal",
    "load_dict",
    "load_text",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_distribution",
    "log_figure",
    "log_input",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "macros",
    "model_version",
    "register_model",
    "set_experiment",
    "set_model_alias",
    "set_tag",
    "set_tags",
    "setup",
    "start_run",
    "task",
    "task_group",
    "teardown",
]


def __getattr__(name: str) -> Any:
    """Load a name when it is first used."""
    if name in _NOT_BUILT:
        from runner.authoring.exceptions import DefinitionError

        raise DefinitionError(f"dagtop has no {name} ({_NOT_BUILT[name]})")
    if name not in _MODULE_OF:
        raise AttributeError(_unknown(name))
    from importlib import import_module

    module = import_module(f"runner.authoring.{_MODULE_OF[name]}")
    value = module if name == "macros" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _unknown(name: str) -> str:
    if name.startswith("__"):
        return f"module 'dagtop' has no attribute {name!r}"
    from runner.authoring.trigger_rule import did_you_mean

    return f"dagtop has no {name!r}{did_you_mean(name, __all__)}"


def main() -> None:
    """The command ``dagtop``. Its own ``app`` is run, whatever else ``PYTHONPATH`` calls so."""
    from importlib import import_module

    for package in ("runner", "store", "app"):
        _load_own(package)
    sys.exit(import_module("app.cli.main").main())


def _load_own(package: str) -> None:
    """Import one of our top-level packages from beside this file, not from the path."""
    import os
    from importlib.machinery import PathFinder
    from importlib.util import module_from_spec

    root = os.path.dirname(os.path.abspath(__file__))
    loaded = sys.modules.get(package)
    if loaded is not None and root in {os.path.dirname(path) for path in loaded.__path__}:
        return
    spec = PathFinder.find_spec(package, [root])
    if spec is None or spec.loader is None:
        raise ImportError(f"dagtop is not whole: {os.path.join(root, package)} is missing")
    module = module_from_spec(spec)
    sys.modules[package] = module
    spec.loader.exec_module(module)


if __name__ == "__main__":
    main()
