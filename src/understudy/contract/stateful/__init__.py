"""Model-based judging: sequences of calls sent to the target and run on the model, and what differs."""
