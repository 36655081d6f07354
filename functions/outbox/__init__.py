"""Carries committed events from the table to the bus, in the cloud home."""
