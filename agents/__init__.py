"""Accounts, sessions, seats and agent states."""
