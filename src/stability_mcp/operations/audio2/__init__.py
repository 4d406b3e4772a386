"""Sound by Stable Audio 2 and 2.5, answered at once."""
