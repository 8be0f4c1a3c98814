"""Consent at the command line: asked for, given, denied, revoked, looked at."""
