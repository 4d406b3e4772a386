"""The client of the API: sends one operation, reads its response, polls one generation.

Start with `client`: `exchange` and `fetch` send one request each and report every step to a `trace`
(jobs use these); `send` and `poll` also retry (Python programs use those).

* `request`      builds the request; files are streamed from disk
* `http`         the two HTTP clients, and how they send one request
* `trace`        whether a request was sent, taken from the transport's events
* `response`     reads a 2xx response: `headers`, then the body through `body_writer` to the disk
* `decode`       checks a stored body and unpacks several results
* `api_errors`   turns the API's error bodies into the error tree
* `retry`        which failures to retry, and after how long
* `models`       the response, the generation and the files sent
"""
