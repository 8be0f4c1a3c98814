"""Reports: what many calls came to, seen from the side: sums, percentiles, a few calls by name."""
