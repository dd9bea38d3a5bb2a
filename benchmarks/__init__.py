"""`make bench`: what the panel promises about speed, measured against a baseline of the same run."""
