"""Envelopes of the older agent for image workflows: as jobs, and their callbacks."""
