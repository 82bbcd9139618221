"""Spreadsheets that a field office fills in offline: a template per project, and what is reported in it."""
