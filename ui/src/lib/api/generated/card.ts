// Written by `make docs` from benchrace/api; do not edit.

export type CardShape = 'wide' | 'square';

export type CardTheme = 'light' | 'dark';
