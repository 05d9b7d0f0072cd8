"""Everything that happens: the agent, its sessions, its tools and the providers it speaks to."""
