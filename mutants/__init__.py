"""Mutation testing: small faults put into the modules that decide numbers and points, one at a time."""
