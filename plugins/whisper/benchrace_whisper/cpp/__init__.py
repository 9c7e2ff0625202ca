"""whisper.cpp, through pywhispercpp."""
