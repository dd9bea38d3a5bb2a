"""A project's secrets: their names as Run402 lists them, and values on their way there, sealed (contract: apply 6)."""
