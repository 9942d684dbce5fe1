"""What must hold of an object, and advice on what may be weak or surprising."""
