"""The tutorial runs from its first cell to its last, and is kept without outputs."""

import json
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[1] / "docs" / "tutorial.ipynb"


def test_it_is_kept_without_outputs():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert code
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
    assert NOTEBOOK.stat().st_size < 20_000


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of the kernel, which runs in another process
def test_it_runs(tmp_path, monkeypatch):
    # Where the package is not installed, the kernel finds it as these tests do.
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOK.parents[1]))
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed here")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed here")
    import nbformat

    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": tmp_path}}
                            ).execute()  # fmt: skip
    shown = [
        output
        for cell in notebook.cells if cell.cell_type == "code"
        for output in cell.outputs
    ]  # fmt: skip
    pictures = [one for one in shown if "image/png" in one.get("data", {})]
    words = " ".join(
        one["data"]["text/plain"] for one in shown if "text/plain" in one.get("data", {})
    )
    assert len(pictures) == 2
    for part in ("12 scans found", "12 scans ready", "in 3 clusters", "12 maps made", "p_adjusted"):
        assert part in words, part
