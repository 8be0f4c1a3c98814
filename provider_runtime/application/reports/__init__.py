"""Reports: what is kept of calls, gathered to be looked at."""
