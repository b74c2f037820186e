"""MLflow's REST interface as functions on the store: what a call asks for in, its answer out.

Documents are those of MLflow's protobuf messages as JSON (``mlflow/protos/service.proto``,
``model_registry.proto``). Standard MLflow clients, 2.x and 3.x, understand them.
"""

from store.mlflow_api.calls import CALLS, LOCAL_CALLS, Call, Handler
from store.mlflow_api.errors import ApiError, refused
