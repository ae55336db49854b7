"""Deriving, evaluating exactly, computing independently, and holding the results against each other."""
