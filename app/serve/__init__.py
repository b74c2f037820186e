"""MLflow's REST interface over HTTP, for clients that can't write to the workspace themselves."""
