"""Downloads media from public https addresses, without reaching anything else.

* `addresses`  which IP addresses are public
* `guard`      connects only to public addresses, to exactly the address that was checked
* `download`   redirects, limits and errors
"""
