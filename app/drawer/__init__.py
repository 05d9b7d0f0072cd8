"""The drawer beside the transcript: it is read while it is open, and forgotten when it is closed."""
