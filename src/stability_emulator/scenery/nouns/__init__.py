"""The objects that can be drawn, one module per family; `catalog` combines them."""
