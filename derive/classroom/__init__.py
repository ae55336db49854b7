"""Many students: usual mistakes, variants, frozen sets, class lists, answers that came back."""
