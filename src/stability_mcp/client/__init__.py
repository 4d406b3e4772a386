"""The client of the API: sends one operation, reads its response, polls one generation.

Open `client` first: `exchange` and `fetch` send one request each and report every step to a `trace`
(jobs use these), `send` and `poll` retry as well (Python programs use those).

* `request`      builds the request; files are streamed from the disk
* `http`         the two HTTP clients, and one request over them
* `trace`        whether a request is out, read off the transport's events
* `response`     reads a 2xx response: `headers`, then the body through `body_writer` to the disk
* `decode`       checks a stored body and unpacks several results
* `api_errors`   turns the API's error bodies into the error tree
* `retry`        which failures may be retried, and after how long
* `models`       what a response and a generation are
"""
