"""The only home of panoramisk: raw Asterisk messages in, typed events out; commands in, AMI actions out.

What is used of panoramisk 1.4, as it is: ``Message`` (parsing of answers), ``Action`` (building),
``AMIProtocol`` (matching answers to actions), its table of AGI reply codes. Its ``Manager``,
``CallManager`` and ``fast_agi.Application`` are not used: what they add to these is what is wrong with them.
The release is frozen and has defects; the comments name them by these numbers, and
``tests/unit/telephony/test_defects.py`` shows for each what panoramisk does and what the guard makes of it:

1. UTF-8 cut by the network is dropped. Bytes are buffered and decoded per message (``protocol``).
2. An exception in a callback closes the connection and loses what else arrived. Caught per message.
3. Replies to Ping are never checked. A watchdog gives a silent connection up (``connection.watch``).
4. Unanswered actions are sent again after a reconnect. A connection is used once; what is in flight fails.
5. An action with part of its answer at the disconnect never completes. The same.
6. An action sent before a disconnect and Asterisk's start never completes. The same, and a time-out on each.
7. QueueAdd never resolves (``Added ... to queue`` passes for a list). Only lists are sent as lists.
8. An error as the answer to ``as_list=True`` never resolves. It is never passed.
9. Originate without ``Async`` raises while reading. It is always sent with it (``telephony.callout``); see 2.
10. Events that carry the ActionID of a pending action are not dispatched. Every genuine event is.
11. Actions that were given up stay in memory. They are forgotten.
12. Coroutine callbacks run unordered and unbounded. One synchronous sink.
13. It reconnects after ``close``. ``ami.Switch`` alone decides.
14. A wrong password is retried every 2 s for ever. Told apart, alerted, retried slowly.
15. Reconnects double the connections. One at a time.
16. There is no time-out on connecting. There is.
17. Sending without a connection raises AttributeError. TelephonyError.
18. Line breaks in values become headers and actions. Refused in every field (``actions``).
19. ``save_stream`` with a path kills the connection. Not used.
20. FastAGI: a client that connects and closes blocks the loop for ever. Own reader (``agi``).
21. FastAGI: the end of the stream raises ValueError, and cancellation is swallowed. The same.
22. ``200 result= (timeout)`` loses the time-out. Own parser (``agi_parse``).
23. FastAGI decodes strictly: a cut caller name fails. Decoded with replacement.
24. ``add_route`` with a callable object needs ``asyncio.coroutine``. Own server.
25. ``copy.copy(message)`` recurses. Messages become plain dicts at once.
26. ``CallManager`` merges calls of one second and frees none. Not used.
27. Missing headers read as ``''``. Typed events (``translate``).
"""
