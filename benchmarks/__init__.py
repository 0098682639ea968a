"""How long things take and how much they need, beside the nearest peer: ``make bench``."""
