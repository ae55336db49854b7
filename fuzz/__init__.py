"""Fuzzing of everything that the program reads: exercises, class lists, manifests and answers."""
