"""A report looked at as a file: is every figure there, and does it need anything from outside?"""

from defusedxml import ElementTree


def figures_of(content):
    """Caption and pictures (`svg` or `img` elements) of every figure of a report."""
    body = content.decode()
    start, end = body.index("<body"), body.index("</body>") + len("</body>")
    root = ElementTree.fromstring(body[start:end])
    found = {}
    for figure in root.iter("figure"):
        caption = "".join(figure.find("figcaption").itertext())
        pictures = [one for one in figure.iter() if one.tag.rpartition("}")[2] in {"svg", "img"}]
        found[caption] = pictures
    return found


def is_empty(picture):
    """Whether nothing is drawn: no element within a drawing, no pixels within a picture."""
    if picture.tag.rpartition("}")[2] == "img":
        return len(picture.get("src", "")) < 200
    drawn = {"path", "rect", "circle", "polyline"}
    return not any(one.tag.rpartition("}")[2] in drawn for one in picture.iter())


def outside(content):
    """Addresses that a browser would fetch to show the report."""
    body = content.decode()
    found = []
    for mark in ('src="', "url(", '@import "', '<link href="'):
        parts = body.split(mark)[1:]
        found += [part[:60] for part in parts if not part.startswith(("data:", "#", "'data:"))]
    return found
