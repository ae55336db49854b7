"""The command line: one file per command; all printing and every exit code."""
