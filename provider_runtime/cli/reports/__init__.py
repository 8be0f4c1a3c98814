"""The command ``report``: a page about calls."""
