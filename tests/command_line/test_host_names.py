"""Names of hosts: which mean this machine, which are declared, which are none."""

import pytest

from clam_core.command_line.host_names import declared_hosts, host_of, is_loopback
from clam_core.errors import SettingsError


@pytest.mark.parametrize(
    ("header", "name"),
    [
        ("127.0.0.1:8501", "127.0.0.1"),
        ("127.0.0.1", "127.0.0.1"),
        ("LocalHost:1", "localhost"),
        ("localhost.", "localhost"),
        ("localhost.:8501", "localhost"),
        ("[::1]:8501", "::1"),
        ("[::1]", "::1"),
        ("clam.example.org:443", "clam.example.org"),
    ],
)
def test_a_host_header_holds_a_name(header, name):
    assert host_of(header) == name


@pytest.mark.parametrize(
    "header",
    [
        "", " ", ":8501", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:8501:8501", "localhost:x",
        "me@127.0.0.1", "127.0.0.1@evil.example", "127.0.0.1, evil.example", "127.0.0.1/evil",
        "127.0.0.1?x", "127.0.0.1#x", "http://127.0.0.1", "::1", "[::1", "127.0.0.1 ",
        "\t127.0.0.1", "127.0.0.1\n", "loc\xe4lhost",
        "\u24db\u24de\u24d2\u24d0\u24dbhost", "127.0.0.1%00",
    ],
)  # fmt: skip
def test_what_is_no_host_header(header):
    assert host_of(header) is None


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_names_of_this_machine(name):
    assert is_loopback(name)


@pytest.mark.parametrize(
    "name",
    [
        "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil-localhost",
        "0.0.0.0", "::", "10.0.0.5",  # noqa: S104
        "169.254.169.254", "127.1", "2130706433", "0x7f000001",
        "localhos", "xlocalhost", "evil.localhost", "",
    ],
)  # fmt: skip
def test_names_that_others_may_own(name):
    assert not is_loopback(name)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("", set()),
        (" , ;", set()),
        ("Clam.Example.org", {"clam.example.org"}),
        ("a.example, b.example;c.ex  10.0.0.5", {"a.example", "b.example", "c.ex", "10.0.0.5"}),
        ("fe80::1 [fe80::2]", {"fe80::1", "fe80::2"}),
        ("München.example", {"xn--mnchen-3ya.example"}),
        ("clam.example.", {"clam.example"}),
    ],
)  # fmt: skip
def test_declared_names(text, names):
    assert declared_hosts(text) == names


@pytest.mark.parametrize(
    "word",
    ["*", "*.example.org", "https://clam.example.org", "clam.example.org:8501", "a/b", "a@b", ".",
     "..ä", "-"],
)  # fmt: skip
def test_what_cannot_be_declared_is_one_sentence(word):
    with pytest.raises(SettingsError, match="is not the name of a host") as said:
        declared_hosts(f"good.example, {word}")
    assert repr(word) in str(said.value)
