"""``hotline simulate``: the routing engine under virtual time, with invented callers and a roster of agents.

``acd.engine.decide`` runs here exactly as it runs in the service; only what surrounds it is a model: callers
who lose patience, Asterisk, agents who answer, write, take breaks and go home. Randomness lives in this
package alone, seeded, so that a run can be repeated to the last call.

Read ``centre.py`` for the loop, ``switch.py`` for the model of Asterisk, ``people.py`` for the agents.
"""
