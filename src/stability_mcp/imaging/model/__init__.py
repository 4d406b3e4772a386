"""Reads, draws, measures and converts 3D models: GLB, the binary form of glTF 2.0 (Khronos)."""
