"""Running notebooks that others wrote: in a process of its own, with little time and memory, no network."""
