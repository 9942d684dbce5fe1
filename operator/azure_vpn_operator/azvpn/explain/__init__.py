"""`kubectl azvpn explain`: gathers what is known of a tunnel, asks the domain why it is down, and writes the answer."""
