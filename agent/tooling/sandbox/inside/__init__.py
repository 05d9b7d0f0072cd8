"""What runs outside of our interpreter: the spawner, the supervisor, and what confines a command.

The standard library alone, started as `python -I -S -B`. These modules import each other relatively, because
the interpreter that runs them knows this folder and nothing else of ours.
"""
