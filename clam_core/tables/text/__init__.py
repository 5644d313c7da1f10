"""Parts of the table readers: bytes to rows of text, and text to numbers and dates."""
