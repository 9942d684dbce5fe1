"""The demo: the whole system on this machine with the samples, and what it shows on the terminal."""
