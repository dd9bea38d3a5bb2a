"""Our client and the sandbox against the code that others publish for Run402 and x402. `make conformance` runs it."""
