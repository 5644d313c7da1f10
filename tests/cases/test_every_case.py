"""Every folder of inputs that once went wrong has a test that reads it."""

from tests.documents import ROOT


def test_every_folder_is_read_by_a_test(shared_cases):
    tests = [
        path for path in (ROOT / "tests").rglob("test_*.py") if path.name != "test_every_case.py"
    ]
    text = "\n".join(path.read_text(encoding="utf-8") for path in tests)
    folders = sorted(path.name for path in shared_cases.iterdir() if path.is_dir())
    assert folders
    assert [name for name in folders if f'"{name}' not in text and f"/{name}" not in text] == []
