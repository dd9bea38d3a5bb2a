"""Known secrets go through every form; then everything the panel keeps or says is searched for them.

`run.run(folder)` starts a whole panel there, walks it and returns what leaked, as sentences; an empty list is what we
want.
"""
