"""The compute backend: prime-counting kernels of `benchrace_core`, raced on the CPU."""
