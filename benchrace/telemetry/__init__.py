"""A machine's hardware, environment and state; reading only, no threads.

`root` opens a machine (this one, or a recording by `recorded`), `detection` tells its hardware,
`environment` its surroundings, `identity` its fingerprint, `sampler` its state at an instant,
and `ticks` when to ask again.
"""
