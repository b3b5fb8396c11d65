"""What is written down: documents, overlays, rules, and where in which file each stands."""
