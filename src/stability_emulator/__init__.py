"""A stand-in for the API: stateful, made from the table, in process or as a server.

A client cannot tell it from the real API: statuses, headers, error bodies, order of checks,
credits, deferred generations and the rate limit are those that were captured or documented; only
what is made is made up. `transport.in_process()` is the way in without a network, `serve.run()`
the server of the command line, `state.State` what both remember.
"""

EMULATOR_KEY = "sk-emulator-in-process"
"""The key of the account that everything runs on when no key is set; it opens nothing else."""
