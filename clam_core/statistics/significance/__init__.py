"""Tests of one variable between clusters."""
