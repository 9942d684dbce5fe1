"""The Kubernetes API server behind the ports: the only package that uses a client of it.

Every answer leaves this package as a value. Nothing here watches; watch streams are kopf's.
"""
