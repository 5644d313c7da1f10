"""A blinded reading study: made, watched, put together, taken along into the associations."""
