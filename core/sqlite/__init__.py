"""Django's SQLite, whose writers wait for each other without long naps."""
