"""The server of this project with the conformance suite's fixtures, over HTTP on loopback.

`python -m protocol.fixtures_server PORT`, with tests/ on the path; port 0 takes any. Prints its
address on the first line of stdout and serves until it is ended.
"""
