"""One stack per rate of change: what must never be lost apart from what is deployed daily."""
