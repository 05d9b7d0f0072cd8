"""The words of Maestro: pure values and protocols, no input or output."""
