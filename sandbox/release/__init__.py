"""From a ReleaseSpec to what will be live: parse, materialise, compare, warn, price."""
