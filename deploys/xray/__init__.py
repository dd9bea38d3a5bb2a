"""X-ray: what an address and a method would get from a project, and why (contract: apply 3.6)."""
