"""What followers of a session hear: stored events, and what is being said right now."""
