"""Sound from a prompt and from a sound that was sent, as WAV and MP3."""
