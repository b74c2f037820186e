"""What MLflow's interface lacks for clients on the workspace's own machine: its plugin in tasks and
scripts, which reads files where they are kept, and histories of millions of points."""

from __future__ import annotations

import base64
import sys
from array import array
from typing import Any

from store.mlflow_api import files, runs
from store.mlflow_api.asked import Call
from store.queries import tracked


def columns(call: Call) -> dict[str, Any]:
    """The history of a metric: values (float64), steps and times in µs (int64), little-endian, one
    after the other in base64."""
    series = runs.series_of(call, call.text("metric_key"))
    if series is None:
        return {"count": 0, "data": ""}
    parts: list[array[Any]] = [series.values, series.steps, series.times]
    for part in parts if sys.byteorder == "big" else ():
        part.byteswap()
    data = base64.b64encode(b"".join(part.tobytes() for part in parts)).decode()
    return {"count": len(series.values), "data": data}


def kept(call: Call) -> dict[str, Any]:
    """All files of a run, with the digests that they are kept under."""
    found = tracked.artifacts_of(call.connection, runs.key_of(call))
    return {"files": [{"path": it.path, "size": it.size, "digest": it.digest} for it in found]}


def delete(call: Call) -> dict[str, Any]:
    """A run has a file, or all in a folder, no longer."""
    files.remove(call, f"{call.text('run_id')}/{call.text_or('', 'path')}")
    return {}
