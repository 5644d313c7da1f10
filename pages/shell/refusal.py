"""What those see who are not let in: one sentence, or a page in plain words."""

from __future__ import annotations

from html import escape

from starlette.responses import HTMLResponse, PlainTextResponse, Response

FOREIGN_HOST = (
    "The app is not known under the name in this address, so it shows nothing here: open the "
    "address that was printed when it was started, or declare the name (CLAM_ALLOWED_HOSTS)."
)
OTHER_PAGE = "Another website asked for this, so the app does not answer; open it in a tab."
WHOLE_ADDRESS = (
    "The app opens only with the whole address that was printed when it was started; open it there."
)

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "frame-ancestors 'none'; form-action 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>CLAM Explorer</title>{head}
<style>
body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 12vh auto;
padding: 0 1rem; color: #262730; }}
</style>
</head>
<body>
{body}
</body>
</html>
"""
_HOW = """<h1>One step is missing</h1>
<p>{first}</p>
<p>This page shows scans of patients. It opens only with its whole address, so that nobody else
who works on this computer can look at them.</p>
<ol>
<li>Go to the window in which CLAM Explorer was started, or ask the person who started it.</li>
<li>Copy the whole address that begins with <b>http</b> and has <b>token=</b> in it.</li>
<li>Paste it into the address line above, and press Enter.</li>
</ol>
<p>This browser then remembers it, and your bookmarks work until CLAM Explorer is started again.
If you cannot find it, stop CLAM Explorer and start it again: it opens the right page by
itself. Nothing that was computed is lost.</p>
"""
NEW_BROWSER = "CLAM Explorer is running, but this browser does not know its address in full yet."
OLD_TOKEN = "CLAM Explorer was started again since, and this address no longer opens it."  # noqa: S105


def refusal(sentence: str, *, is_read: bool, first: str = "") -> Response:
    """The answer to those who are not let in.

    Args:
        sentence: Why, and what to do.
        is_read: Whether a person reads it in a browser.
        first: First words of the page that says how to come in; empty for the sentence alone.
    """
    if not is_read:
        return PlainTextResponse(f"{sentence}\n", 403, _HEADERS)
    body = _HOW.format(first=escape(first)) if first else f"<p>{escape(sentence)}</p>"
    return HTMLResponse(_PAGE.format(head="", body=body), 403, _HEADERS)


def once_more(address: str) -> Response:
    """A page that opens an address of the app from the app itself.

    A browser does not send the cookie where another page led here; from our own page it does.
    """
    head = f'\n<meta http-equiv="refresh" content="0;url={escape(address)}">'
    link = f'<p><a href="{escape(address)}">Open CLAM Explorer</a></p>'
    return HTMLResponse(_PAGE.format(head=head, body=link), 200, _HEADERS)


def moved(address: str) -> Response:
    """Lead to an address of the app."""
    return Response(status_code=303, headers={**_HEADERS, "Location": address})
