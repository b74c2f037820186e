"""MLflow's client in a dagtop workspace: ``MLFLOW_TRACKING_URI=dagtop:``.

The folder above is on ``PYTHONPATH`` of each task, so that MLflow finds this package by its entry
points; nothing is installed. It runs in the training's own environment, whatever that has: the
standard library and MLflow are all that it imports.
"""
