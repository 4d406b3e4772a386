"""Drawing tools: surface, pen, outlines, colours, light, noise."""
