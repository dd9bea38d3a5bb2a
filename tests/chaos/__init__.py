"""A panel whose workers, broker, database and gateway die at random moments while people click (`make chaos`).

ground      the processes, and whatever kills and restarts them
troubles    what goes wrong, at random
cast        teams and people; `clicks` is what they may do, `people` how they do it, `deciding` who confirms
settling    lets everything come to rest
books       what the sandbox has on record; `verdict` compares that with the panel's rows
"""
