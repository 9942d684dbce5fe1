"""Inputs of tests as data: objects, edits, scenarios."""
