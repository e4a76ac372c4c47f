"""Composition root: settings, bootstrap, inbox, metrics, supervision of processes, command line."""
