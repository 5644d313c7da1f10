"""HTML that is safe by construction."""

import html
import unicodedata

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clam_core.report.html import Figures, Html, bullets, join, paragraph, table, tag, words


@given(st.text())
def test_a_text_comes_back_letter_by_letter_and_never_as_markup(text):
    shown = str(words(text))
    assert not set(shown) & set("<>\"'")
    hidden = {c for c in text if unicodedata.category(c) == "Cc"} - set("\t\n\r")
    hidden |= set("\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e")
    hidden |= set("\u2066\u2067\u2068\u2069")
    assert html.unescape(shown) == "".join(c for c in text if c not in hidden)


def test_children_and_attributes_are_escaped_and_markup_is_not():
    made = tag("p", 'a < b & "c"', tag("b", "x"), None, 3, title='"><script>')
    assert str(made) == (
        '<p title="&quot;&gt;&lt;script&gt;">a &lt; b &amp; &quot;c&quot;<b>x</b>3</p>'
    )


def test_names_of_attributes():
    made = tag("line", class_="a", stroke_width=2, viewBox="0 0 1 1", missing=None)
    assert str(made) == '<line class="a" stroke-width="2" viewBox="0 0 1 1"/>'


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\x00", "\x1b", "\u200b"])
def test_signs_that_hide_or_turn_text_are_left_out(sign):
    assert str(words(f"a{sign}b")) == "ab"


def test_lists_and_paragraphs():
    assert str(bullets([])) == ""
    assert str(bullets(["<"])) == "<ul><li>&lt;</li></ul>"
    assert str(join(["<", Html("<b>")], "&")) == "&lt;&amp;<b>"
    assert str(paragraph("x", class_="y")) == '<p class="y">x</p>'


def test_figures_are_numbered_in_their_order():
    figures = Figures()
    first, second = (figures.add(name, tag("svg")) for name in ("One.", "Two."))
    assert "Figure 1.</strong> One." in str(first)
    assert "Figure 2.</strong> Two." in str(second)


def test_rows_are_grouped_and_continued():
    frame = pd.DataFrame(
        {"Variable": ["FVC", "", "Age"], "Family": ["lung", "lung", "person"], "n": [1, 2, 3]}
    )
    text = str(table(frame, "What", by="Family"))
    assert text.count('class="group"') == 2
    assert text.index("lung") < text.index("FVC") < text.index("person") < text.index("Age")
    assert '<tr class="more"><th scope="row"></th><td>2</td></tr>' in text
    assert "<caption>What</caption>" in text
    assert text.count('scope="col"') == 2
