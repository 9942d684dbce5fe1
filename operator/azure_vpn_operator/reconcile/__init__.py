"""The passes: short, asynchronous, without rules of their own.

A pass gathers (reads only), asks `domain` for one step, applies at most one write, and reports once. Nothing here waits for a
long-running operation, and nothing here decides.
"""
