"""Stand-ins behind the ports, and servers that say what a test wrote."""
