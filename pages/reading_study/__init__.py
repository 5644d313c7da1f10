"""Reading study: made, read blind, locked, and what came out of it."""
