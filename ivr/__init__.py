"""What the caller hears and presses."""
