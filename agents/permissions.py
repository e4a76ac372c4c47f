"""What each role may do, as one literal table. Pure.

What an object's owner may do beyond it (own calls, own tickets) is checked where the object is.
"""

from core.identity import Permission as P
from core.identity import Role

_EVERYBODY = frozenset({P.ANY, P.SEE_OWN_CALLS, P.EDIT_OWN_TICKETS, P.LISTEN_OWN_RECORDINGS, P.TAKE_CALLS})

PERMISSIONS: dict[Role, frozenset[P]] = {
    Role.AGENT: _EVERYBODY,
    Role.SUPERVISOR: _EVERYBODY | {P.SEE_ALL_CALLS, P.EDIT_ALL_TICKETS, P.LISTEN_ALL_RECORDINGS, P.SUPERVISE},
    Role.ADMINISTRATOR: _EVERYBODY
    | {P.SEE_ALL_CALLS, P.EDIT_ALL_TICKETS, P.LISTEN_ALL_RECORDINGS, P.SUPERVISE, P.MANAGE_ACCOUNTS},
}
