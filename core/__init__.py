"""Shared vocabulary of the hotline: identities, events, commands, facts, errors, ports and the clock.

Everything here is pure (no I/O); every other package may import it, it imports none of them.
"""
