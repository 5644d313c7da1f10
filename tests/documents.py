"""The pages of words in this repository: their commands, links, headings and paths."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
_PLACES = "clam_core|pages|tests|docs|assets|benchmarks"


def text_of(name):
    """What a page says, by its path in the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def fenced(text):
    """The lines of its blocks of commands, several on one line apart, without comments."""
    blocks = re.findall(r"^```\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [part.strip() for line in lines for part in line.split("&&") if part.strip()]


def quoted(text):
    """What stands between single backticks, outside blocks; a line may end within."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(found.split()) for found in re.findall(r"(?<!`)`([^`]+)`(?!`)", prose)]


def steps(lines):
    """Name and arguments of every call of our command line."""
    calls = []
    for line in lines:
        found = re.search(r"(?:-m clam_core|^clam) (.+)", line)
        if found:
            name, *arguments = shlex.split(found[1])
            calls.append((name, arguments))
    return calls


def links(text):
    """Targets of links and pictures that lead into the repository."""
    targets = re.findall(r"\]\(([^)\s]+)\)", text)
    return [target for target in targets if "://" not in target]


def anchors(text):
    """What a `#` may lead to: headings as GitHub and MyST spell them."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", prose, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def paths(text):
    """Paths of this repository that a page names."""
    pattern = re.compile(rf"(?:{_PLACES})/[\w./-]*")
    return [name for name in quoted(text) if pattern.fullmatch(name)]
