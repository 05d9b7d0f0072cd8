"""How a turn runs, and goes on after whatever stopped it."""
