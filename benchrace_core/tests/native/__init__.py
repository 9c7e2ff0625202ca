"""Tests of the compiled module.

A package, so that pytest names these modules after it: named after the folder `benchrace_core`
in the root they would hide the installed package of that name.
"""
