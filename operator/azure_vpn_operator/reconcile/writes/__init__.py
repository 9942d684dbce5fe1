"""Writes: the line in front of the gateways, the calls to Azure and their operations, the calls to the API server."""
