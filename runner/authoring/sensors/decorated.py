"""The operator behind ``@task.sensor``."""

from __future__ import annotations

from runner.authoring.operators.decorated import DecoratedOperator
from runner.authoring.sensors.python import PythonSensor


class DecoratedSensorOperator(DecoratedOperator, PythonSensor):
    """``@task.sensor``: waits until the function returns something truthy."""

    template_fields = ("op_args", "op_kwargs")
    custom_operator_name = "@task.sensor"
