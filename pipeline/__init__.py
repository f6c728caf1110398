"""The deterministic half: media in, facts out. No model, no database, no web."""
