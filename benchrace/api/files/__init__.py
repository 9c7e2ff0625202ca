"""Requests and answers about files that are not of runs."""
