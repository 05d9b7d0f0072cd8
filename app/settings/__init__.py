"""What a person settles for themselves: one State to a section of the page `/settings`."""
