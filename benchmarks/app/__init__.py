"""The app in a real browser and with many people: seconds, bytes and memory."""
