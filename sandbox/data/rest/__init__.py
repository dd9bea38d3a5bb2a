"""PostgREST's grammar over a project's tables."""
