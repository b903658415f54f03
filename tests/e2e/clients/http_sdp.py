# SPDX-License-Identifier: Apache-2.0
"""WHIP's and WHEP's HTTP for the clients in Python, as RFC 9725 has it."""
import urllib.parse
import urllib.request


def post(url, offer):
    """Posts an offer; returns the session's URL and the answer."""
    request = urllib.request.Request(url, offer.encode(), {"Content-Type": "application/sdp"}, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=8) as response:
            if response.status != 201:
                raise SystemExit(f"POST was answered {response.status}")
            return urllib.parse.urljoin(url, response.headers["Location"]), response.read().decode()
    except urllib.error.HTTPError as error:
        raise SystemExit(f"POST was answered {error.code}: {error.read().decode()}\n{offer}")


def delete(url):
    """Ends a session; returns the status."""
    with urllib.request.urlopen(urllib.request.Request(url, method="DELETE"), timeout=8) as response:
        return response.status
