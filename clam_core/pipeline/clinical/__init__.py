"""Steps on clinical tables, and clusters against them."""
