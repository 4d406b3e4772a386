"""Sound by Stable Audio 3, deferred."""
