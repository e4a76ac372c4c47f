"""What each role may do, as one literal table. Pure.

What an object's owner may do beyond it (own calls, own tickets) is checked where the object is.
"""

from core.identity import Permission, Role

_EVERYBODY = frozenset(
    {
        Permission.ANY,
        Permission.SEE_OWN_CALLS,
        Permission.EDIT_OWN_TICKETS,
        Permission.LISTEN_OWN_RECORDINGS,
        Permission.TAKE_CALLS,
        Permission.PROPOSE_CALLER_LISTS,
    }
)

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.AGENT: _EVERYBODY,
    Role.SUPERVISOR: _EVERYBODY
    | {
        Permission.SEE_ALL_CALLS,
        Permission.EDIT_ALL_TICKETS,
        Permission.LISTEN_ALL_RECORDINGS,
        Permission.DECIDE_CALLER_LISTS,
        Permission.SUPERVISE,
        Permission.SEE_PLAN,
    },
    Role.ADMINISTRATOR: _EVERYBODY
    | {
        Permission.SEE_ALL_CALLS,
        Permission.EDIT_ALL_TICKETS,
        Permission.LISTEN_ALL_RECORDINGS,
        Permission.DECIDE_CALLER_LISTS,
        Permission.SUPERVISE,
        Permission.SEE_PLAN,
        Permission.MANAGE_ACCOUNTS,
        Permission.MANAGE_PLAN,
    },
}
