"""Servers that speak the transcription part of the OpenAI API."""
