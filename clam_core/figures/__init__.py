"""Figures: arrays and tables to pictures and charts, without an interface."""
