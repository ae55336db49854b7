"""What the program costs, measured side by side with what one would do without it: `make bench`."""
