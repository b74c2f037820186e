"""Tracked runs taken over from MLflow, and given to it: histories, artifacts and models."""
