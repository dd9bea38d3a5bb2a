"""Every address × everybody: what the URLconf has, a furnished world, and what each visitor has to be answered."""
