"""The things that can be drawn, one module for each family; `catalog` has them all."""
