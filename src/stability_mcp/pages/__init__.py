"""Pages for the person at this machine: one to upload files, one to look at a result.

The listener opens with the first link (`listener.py`); the application and its libraries are
imported when a browser connects. `request_guard.py` checks every request; `site.py` has the
addresses.
"""
