"""What the pages of this room show, as values. One file per noun."""
