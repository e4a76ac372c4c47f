"""Asterisk: finding or building one, rendering everything it reads, running it.

``provision`` finds the program, ``render`` writes its configuration, ``process`` runs it, ``cli`` is for
operators.
"""
