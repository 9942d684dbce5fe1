"""From a snapshot to one step."""
