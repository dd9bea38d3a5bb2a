"""A local Run402 gateway: its own process, written from the wire contract, never used with real money."""
