"""A batch: many lines asked, a bounded number at a time, each answered once however often its run is ended."""
