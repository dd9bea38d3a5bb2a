"""The ledger as people read it: narrowed, added up, per day, per month, and by who causes what."""
