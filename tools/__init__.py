"""Programs around the panel: set-up, demo, checks and the harness of the browser tests. No room imports them."""
