"""Measurements of what the project promises, on the machine they run on. Not for comparing machines."""
