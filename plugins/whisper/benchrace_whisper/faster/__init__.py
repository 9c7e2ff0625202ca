"""faster-whisper: Whisper on CTranslate2."""
