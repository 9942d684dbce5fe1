"""Worlds that tests live in: the core on fakes, the simulator in the test's loop, the whole system."""
