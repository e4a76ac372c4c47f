"""Queueing and routing: who talks to whom, and the account of every call."""
