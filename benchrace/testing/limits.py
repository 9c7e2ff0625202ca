"""How long a test waits for what must come, on a machine that may be busy with much else."""

# A guard against hanging, never a measure: the timeout of a whole test is longer.
HANG_S = 40.0
