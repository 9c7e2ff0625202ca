"""Speech recognition by Whisper models, as backends of benchrace."""
