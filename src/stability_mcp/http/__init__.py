"""Every HTTP face in one application, and the server process.

`origin_guard`, `identities` and `client_limits` decide who may call, `http_app` joins the faces,
and `http_serving` runs them. The faces are in `server`, `rest` and `pages`.
"""
