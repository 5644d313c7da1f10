"""Whether readers find that maps point at disease: the answer, and where it comes from."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from clam_core.reading_study.map_rating.rating_words import rating_table
from pages.shared.tables import table
from pages.shell.text import plain


def show_rating(answer: str, rating: pd.DataFrame) -> None:
    """The answer in one sentence, the differences as a table.

    Args:
        answer: Of `rating_sentence`.
        rating: Of `rating_summary`.
    """
    st.markdown(plain(answer))
    table(
        rating_table(rating), "Ratings of maps and of controls.", hide_index=True, width="content"
    )
    st.caption(
        "Readers rated every map from 0 (points nowhere) to the highest grade, without knowing "
        "which half of them were controls: the map of another cluster or of another scan, or "
        "smooth noise, each as large and as strong as the map itself. Only the first row is a "
        "test; the others describe where the difference comes from."
    )
