"""The one error that a command raises for people."""


class ToolError(Exception):
    """The command cannot do what it was asked for; the message says what is wrong and what to do. Exit code 2."""
