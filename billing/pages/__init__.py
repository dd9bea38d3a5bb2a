"""What the money pages show, as values."""
