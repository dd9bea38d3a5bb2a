"""What the pages of this room show, one file per noun."""
