"""Three hundred mishaps that the simulated Azure plays, and what `explain` says of each."""
