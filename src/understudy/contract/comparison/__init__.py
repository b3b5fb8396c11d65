"""Two targets held against each other: the same calls to both, single ones and sequences, until answers differ."""
