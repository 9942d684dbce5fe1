"""When tunnels are up, why they go down, and how late and how completely Azure reports it."""
