"""What each command takes, apart from what it needs to do it: help and completion load no models."""
