"""A stateful emulator of the API, built from the operation table; runs in process or as a server.

To a client it behaves like the real API: statuses, headers, error bodies, order of checks, credits,
deferred generations and the rate limit are as captured or documented. Only the generated media are
synthetic. `transport.in_process()` gives access without a network, `serve.run()` is the command
line's server, and `state.State` holds the state of both.
"""

EMULATOR_KEY = "sk-emulator-in-process"
"""The key of the account used when no API key is set; only the emulator accepts it."""
