"""How Sphinx builds these pages: `make docs`."""

import re
import sys
from pathlib import Path

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.writers.html5 import HTML5Translator

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from clam_core import __version__  # noqa: E402  (only now can it be imported)

project = "CLAM Explorer"
author = "the authors of CLAM Explorer"
release = version = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["requirements.txt"]
ABOVE = ("architecture", "contributing", "changelog")

html_theme = "furo"
html_title = f"CLAM Explorer {__version__}"
html_favicon = "../assets/icon.svg"
html_math_renderer = "mathml"
html_copy_source = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4

default_role = "code"
suppress_warnings = ["ref.python"]  # one class, offered by its package and by its module
autodoc_member_order = "bysource"
autodoc_default_options = {
    "members": True,
    "imported-members": True,
    "exclude-members": "model_config",
}
napoleon_custom_sections = ["Source"]
napoleon_use_ivar = True
napoleon_attr_annotations = False


def _equation(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(tex2mathml(node.astext(), as_block=False))
    raise nodes.SkipNode


def _equation_block(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(f'<div class="math">{tex2mathml(node.astext(), as_block=True)}</div>')
    raise nodes.SkipNode


def _as_words(_app: Sphinx, _what: str, _name: str, _object: object, *rest: object) -> None:
    """Docstrings are plain words: a star or a last underscore in them marks nothing up."""
    lines = rest[-1]
    if isinstance(lines, list):
        lines[:] = [re.sub(r"(\*|(?<=\w)_(?!\w))", r"\\\1", line) for line in lines]


def _from_above(_app: Sphinx, name: str, source: list[str]) -> None:
    """Pages of the repository's root stand here whole; their links are followed from here."""
    if name not in ABOVE:
        return
    text = (ROOT / f"{name.upper()}.md").read_text(encoding="utf-8").replace("](docs/", "](")
    for other in ABOVE:
        text = text.replace(f"]({other.upper()}.md", f"]({other}.md")
    source[0] = text


def setup(app: Sphinx) -> None:
    """Equations become MathML here, so that no page fetches a script to show them."""
    app.connect("source-read", _from_above)
    app.add_html_math_renderer("mathml", (_equation, None), (_equation_block, None))
    app.connect("autodoc-process-docstring", _as_words, priority=400)
