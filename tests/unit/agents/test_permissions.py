from agents.permissions import PERMISSIONS
from core.identity import Permission, Role

P = Permission

AGENT = {P.ANY, P.TAKE_CALLS, P.SEE_OWN_CALLS, P.EDIT_OWN_TICKETS, P.LISTEN_OWN_RECORDINGS}
AGENT |= {P.PROPOSE_CALLER_LISTS}
SUPERVISOR = AGENT | {P.SEE_ALL_CALLS, P.EDIT_ALL_TICKETS, P.LISTEN_ALL_RECORDINGS, P.SUPERVISE, P.SEE_PLAN}
SUPERVISOR |= {P.DECIDE_CALLER_LISTS}


def test_the_table_in_full() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert PERMISSIONS[Role.AGENT] == AGENT
    assert PERMISSIONS[Role.SUPERVISOR] == SUPERVISOR
    assert PERMISSIONS[Role.ADMINISTRATOR] == SUPERVISOR | {P.MANAGE_ACCOUNTS, P.MANAGE_PLAN}


def test_every_permission_is_somebody_s() -> None:
    assert frozenset().union(*PERMISSIONS.values()) == set(P) - {P.PUBLIC}
