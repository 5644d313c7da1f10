"""Steps that write results for people and other programs."""
