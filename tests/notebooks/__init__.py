"""Tests of single chapters, beyond the house rules that hold for all."""
