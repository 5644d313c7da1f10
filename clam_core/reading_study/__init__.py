"""A blinded reading study: protocol, blind order, answers, agreement, rating of maps."""
