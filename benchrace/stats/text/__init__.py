"""Statistics of text: token counts, agreement of quantisations, the knee of a sweep."""
