"""Measuring: how times are taken and compared. Everything the course says about speed goes through here."""
