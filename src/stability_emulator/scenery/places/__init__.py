"""Places: each function draws one and returns the stage for the objects in it."""
