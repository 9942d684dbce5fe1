"""When a change may reach a connection, and whether it must be taken back."""
