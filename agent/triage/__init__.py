"""Incident and policy to verdict: facts, words, the verifier and the judge."""
