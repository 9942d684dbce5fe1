"""Azure's side as values: names and ids, bodies sent, answers read, differences, faults."""
