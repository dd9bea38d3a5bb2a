"""Functions of apps: run in Node, one process for each call."""
