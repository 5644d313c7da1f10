"""Tables as they are shown, on the page, in files and in the report alike."""
