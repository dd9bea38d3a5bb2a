"""The API, one file per resource; each offers `routes`."""
