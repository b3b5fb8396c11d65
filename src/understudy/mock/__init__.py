"""The server: Connexion routes, secures and validates from the effective document, and the model answers."""
