"""Sound from a prompt or from an uploaded sound, as WAV and MP3."""
