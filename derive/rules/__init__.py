"""The tables: one row per activation, one row per loss, one symbol per quantity."""
