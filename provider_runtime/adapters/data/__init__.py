"""The shipped catalog and prices: facts and figures of current models, with their sources and date."""
