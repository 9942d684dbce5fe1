"""A real Prometheus over an operator that runs, every question of the dashboard asked of it, and the answers drawn."""
