"""What is remembered of a shared key, never the key."""
