"""The REST face: `/api/stability/…` for web front ends and programs.

A route (`routes/`) parses nothing itself: `bodies.py` reads the request, the model of the route's
arguments checks it, and the route calls the studio, or the function of a tool. `answers.py` and
`error_answers.py` write what comes out. Operation routes come from the table.
`events/` streams changes, `openapi/` describes the routes.
"""
