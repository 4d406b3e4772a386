"""Drawing tools: canvas, pen, outlines, colours, light, noise."""
