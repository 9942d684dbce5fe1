"""Reads: what a pass has to know of Azure and of Secrets, and the lists that say what has changed."""
