"""The formats providers speak: for each one what is asked in it, and how its answer is heard."""
