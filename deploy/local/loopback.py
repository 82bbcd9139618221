"""Requests to our own processes on this machine, whatever proxy its environment names."""

import urllib.request

open_url = urllib.request.build_opener(urllib.request.ProxyHandler({})).open
