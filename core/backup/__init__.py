"""One file that holds the instance, and an instance made from one file.

tables, folders   what a backup holds: each room says so for its own, in its `apps.py`
snapshot          the database as it stood at one moment, while the panel goes on
rows              rows as lines of JSON that SQLite and PostgreSQL both take
archive           the file: a tar with a head, the parts, and a manifest with their digests
making            database and folders → file
checking          file → manifest, or why it is none of ours, or damaged
schema            which migrations the backup's rows belong to, and how this database gets there
restoring         file → an empty database and its folders, halted
"""
