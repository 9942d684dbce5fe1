"""What gateways log of their tunnels, and the Log Analytics workspaces that one asks for it."""
