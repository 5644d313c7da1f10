"""What every page stands in: access, navigation, frame, status, log."""
