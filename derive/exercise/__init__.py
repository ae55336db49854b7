"""From the text of an exercise file to a checked Exercise."""
