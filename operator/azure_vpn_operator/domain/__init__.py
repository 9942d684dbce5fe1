"""Decisions: pure functions over frozen values, with no clock, no log and no I/O.

The rooms, from the top; each may use those below it, and import contracts keep this. A room's own docstring says what lives there:
`reporting` beside `overview`, `planning`, `rollout`, `keys`, `passes`, `diagnosis`, `rules` beside `pairs` and `access`, `azure`.
"""
