"""The words of one pass: what was seen, what may be done, what came of it."""
