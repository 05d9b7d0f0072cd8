"""REST and server-sent events: the same verbs as the pages."""
