"""Consent: which bytes a person let go, to whom, for how long; and whether that covers the call at hand."""
