"""What people read: status, Events, and when to look again."""
