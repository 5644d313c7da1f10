"""What a first start must not ask or send."""

import tomllib
from pathlib import Path

CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"


def test_nobody_is_asked_for_an_address_and_nothing_is_sent():
    values = tomllib.loads(CONFIG.read_text(encoding="utf-8"))
    assert values["server"]["showEmailPrompt"] is False
    assert values["server"]["address"] == "127.0.0.1"
    assert values["browser"]["gatherUsageStats"] is False
    assert values["logger"]["hideWelcomeMessage"] is True  # nor offered tools for programmers
    assert values["client"]["showErrorDetails"] == "none"
    assert values["client"]["showErrorLinks"] is False  # nor sent to a search engine
