"""Run Azure VPN connections from Git."""
