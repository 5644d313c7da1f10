"""The house keeps its rooms: names, sizes, directions of imports."""

import ast
import os
import shutil
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import grimp
import pytest

HOME = Path(__file__).parents[1]
PACKAGES = ("clam_core", "pages", "benchmarks")
SOURCES = sorted(path for name in PACKAGES for path in (HOME / name).rglob("*.py"))

SAY_NOTHING = {"plain", "marks", "own", "looks", "typed", "usual", "rows", "words", "stored"}
"""Names that do not say what a module holds."""

ONE_MEANING = {
    "__init__": "a package",
    "page": "what the address of a page shows",
    "settings": "what a package can be told",
    "result": "what a package gives back",
    "associations": "clusters against clinical values",
    "lung_function": "spirometry and what is calculated from it",
    "follow_up": "what happened to the subjects later",
}
"""Names that stand in more than two packages, and what they mean in each of them."""

MOST_LINES, MOST_LINES_OF_A_PAGE, MOST_FILES, LARGEST_SHARE = 300, 60, 20, 0.15


def module_name(path):
    return ".".join(path.relative_to(HOME).with_suffix("").parts)


def code_lines(path):
    """Number of lines that hold code: no blanks, comments or docstrings."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    texts = {
        line
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
        for line in range(node.lineno, node.end_lineno + 1)
    }
    lines = enumerate(source.splitlines(), start=1)
    return sum(
        number not in texts and line.strip() != "" and not line.strip().startswith("#")
        for number, line in lines
    )


def test_modules_say_what_they_hold():
    assert [module_name(path) for path in SOURCES if path.stem in SAY_NOTHING] == []
    assert [module_name(path) for path in SOURCES if path.stem.startswith("util")] == []


def test_one_name_has_one_meaning():
    homes = defaultdict(list)
    for path in SOURCES:
        homes[path.stem].append(module_name(path))
    often = {name: modules for name, modules in homes.items() if len(modules) > 2}
    assert {name: often[name] for name in set(often) - set(ONE_MEANING)} == {}


def test_files_are_short():
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert [module_name(path) for path, n in lines.items() if n > MOST_LINES] == []
    pages = [path for path in SOURCES if path.match("pages/*/page.py")]
    assert len(pages) >= 7
    assert [module_name(path) for path in pages if lines[path] > MOST_LINES_OF_A_PAGE] == []


def test_folders_can_be_overlooked():
    folders = {path.parent for path in SOURCES}
    counts = {folder: sum(1 for one in folder.iterdir() if one.is_file()) for folder in folders}
    assert {str(f.relative_to(HOME)): n for f, n in counts.items() if n > MOST_FILES} == {}
    assert not list((HOME / "pages").glob("*.py"))  # Streamlit would take them for pages of its own


def test_no_package_is_larger_than_a_room():
    sizes = defaultdict(int)
    for path in SOURCES:
        sizes["/".join(path.relative_to(HOME).parts[:2])] += code_lines(path)
    total = sum(sizes.values())
    assert total > 10_000
    assert {name: n for name, n in sizes.items() if n >= LARGEST_SHARE * total} == {}


def circles(imports):
    """Modules that reach themselves by their imports (Tarjan 1972, without recursion)."""
    order, low, stack, found = {}, {}, [], []
    for root in imports:
        if root in order:
            continue
        work = [(root, iter(sorted(imports[root])))]
        order[root] = low[root] = len(order)
        stack.append(root)
        while work:
            module, rest = work[-1]
            for other in rest:
                if other not in order:
                    order[other] = low[other] = len(order)
                    stack.append(other)
                    work.append((other, iter(sorted(imports[other]))))
                    break
                if other in stack:
                    low[module] = min(low[module], order[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[module])
                if low[module] == order[module]:
                    ring = [stack.pop()]
                    while ring[-1] != module:
                        ring.append(stack.pop())
                    found += [sorted(ring)] if len(ring) > 1 else []
    return found


def test_circles_are_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": {"a"}}) == [["a", "b", "c", "d"]]


def test_no_imports_run_in_a_circle():
    graph = grimp.build_graph(*PACKAGES, cache_dir=None, exclude_type_checking_imports=True)
    imports = {one: set(graph.find_modules_directly_imported_by(one)) for one in graph.modules}
    assert sum(map(len, imports.values())) > 1000
    assert circles(imports) == []


BREACHES = {
    "clam_core/volume.py": "from clam_core.study import Study",
    "clam_core/study/runs.py": "from clam_core.pipeline.method.fit import fit",
    "clam_core/statistics/headline.py": "from clam_core.figures import palette",
    "clam_core/report/html.py": "import streamlit",
    "clam_core/command_line/demo.py": "import benchmarks.run",
}


@pytest.mark.slow
@pytest.mark.parametrize("planted", [None, *BREACHES])
def test_a_breach_of_the_layers_is_seen(tmp_path, planted):
    for name in PACKAGES:
        shutil.copytree(HOME / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HOME / "pyproject.toml", tmp_path)
    if planted is not None:
        with (tmp_path / planted).open("a", encoding="utf-8") as stream:
            stream.write(f"\n{BREACHES[planted]}\n")
    lint = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", lint, "--no-cache"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (planted is None), done.stdout + done.stderr
    if planted is not None:
        assert "BROKEN" in done.stdout
        assert planted.removesuffix(".py").replace("/", ".") in done.stdout
