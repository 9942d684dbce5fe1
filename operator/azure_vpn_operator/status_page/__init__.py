"""The status page: a map of the fleet for people, read-only, of the operator's own. Knows nothing but the map and how to serve it.

Whoever can reach its address sees names, states and messages of all namespaces that the operator works in. It has no login.
"""
