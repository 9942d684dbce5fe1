"""The bench: what the operator promises, measured on the whole system."""
