"""How tests open a page of the app at once, as a link to its address does."""

from streamlit.util import calc_hash


def at_page(app, name):
    """Turn an AppTest that has not run yet to the page with this address.

    `AppTest.switch_page` knows pages by the names of their files before the first run, and
    ours are all called page.py.
    """
    app._page_hash = calc_hash(name)
    return app
