"""A consumer of the three vendors, and its tests as its authors would write them: with the pytest plugin alone."""
