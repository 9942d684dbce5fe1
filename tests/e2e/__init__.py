"""A package, so that what its tests share is stopped after the last of them, and does not burn time while others run."""
