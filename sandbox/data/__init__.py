"""The data side of a project: PostgreSQL's dialect over one SQLite file, who may see which row, and the app's users."""
