"""What outlives the process: SQLModel tables and the engine under them."""
