"""Reading a prompt: the vocabulary and what a prompt asks for."""
