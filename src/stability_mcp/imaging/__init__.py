"""Local work on pictures, sound and models: functions of bytes, without state."""
