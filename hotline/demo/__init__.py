"""Real SIP callers and phones for trying the hotline out and for testing it.

SIPp places and answers the calls; its message log is the referee for times, its statistics for counts.
``sip`` runs it, ``phones`` and ``callers`` are what it plays, ``siplog`` reads what it logged, ``tones``
makes and measures what is heard. Nothing here is needed to run a hotline.
"""
