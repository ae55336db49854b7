"""The worksheet: pictures and the story, as Markdown with LaTeX mathematics."""
