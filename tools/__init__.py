"""Programs around the panel: set-up, demo, checks, browser-test harness. No room imports them."""
