"""The table of roles, written a second time as a picture: a slip of the pen in either is found."""

import pytest

from agents.permissions import PERMISSIONS
from core.identity import Permission, Role

GRID = """
                      agent senior_agent supervisor dispatcher reviewer callback_staff knowledge_editor analyst unit_handler unit_head inspector administrator machine
any                   x     x            x          x          x        x              x                x       x            x         x         x             x
take_calls            x     x            x          .          .        x              .                .       .            .         .         x             .
see_own_calls         x     x            x          .          .        x              .                .       .            .         .         x             .
see_all_calls         .     .            x          x          x        .              .                .       .            .         .         x             .
edit_own_tickets      x     x            x          .          .        x              .                .       .            .         .         x             .
edit_all_tickets      .     .            x          x          x        .              .                .       .            .         .         x             .
listen_own_recordings x     x            x          .          .        x              .                .       .            .         .         x             .
listen_all_recordings .     .            x          x          x        .              .                .       .            .         .         x             .
propose_caller_lists  x     x            x          .          .        x              .                .       .            .         .         x             .
decide_caller_lists   .     .            x          .          .        .              .                .       .            .         .         x             .
supervise             .     .            x          .          .        .              .                .       .            .         .         x             .
monitor_talks         .     .            x          .          .        .              .                .       .            .         .         x             .
coach                 .     x            x          .          .        .              .                .       .            .         .         x             .
send_messages         .     .            x          .          .        .              .                .       .            .         .         x             .
manage_shifts         .     .            x          .          .        .              .                .       .            .         .         x             .
nominate_awards       .     x            x          .          .        .              .                .       .            .         .         x             .
decide_awards         .     .            x          .          .        .              .                .       .            .         .         x             .
decide_appeals        .     .            x          .          .        .              .                .       .            .         .         x             .
see_figures           .     .            x          .          .        .              .                x       .            .         x         x             x
unmask                .     .            x          x          .        x              .                .       .            .         .         x             .
read_audit            .     .            .          .          .        .              .                .       .            .         x         x             .
manage_retention      .     .            .          .          .        .              .                .       .            .         .         x             .
manage_webhooks       .     .            .          .          .        .              .                .       .            .         .         x             .
see_plan              .     .            x          .          .        .              .                .       .            .         .         x             .
manage_plan           .     .            .          .          .        .              .                .       .            .         .         x             .
manage_accounts       .     .            .          .          .        .              .                .       .            .         .         x             .
"""  # noqa: E501 - a picture


def cells() -> list[tuple[Role, Permission, bool]]:
    roles, *rows = [line.split() for line in GRID.strip().splitlines()]
    return [
        (Role(role), Permission(row[0]), cell == "x")
        for row in rows
        for role, cell in zip(roles, row[1:], strict=True)
    ]


@pytest.mark.parametrize(("role", "permission", "may"), cells())
def test_who_may_do_what(role: Role, permission: Permission, may: bool) -> None:  # noqa: FBT001 - a cell
    assert (permission in PERMISSIONS[role]) is may


def test_the_picture_has_every_pair_once_and_nobody_may_what_needs_no_session() -> None:
    pairs = [(role, permission) for role, permission, _ in cells()]
    assert sorted(pairs) == sorted((role, each) for role in Role for each in Permission if each != "public")
    assert all(Permission.PUBLIC not in granted for granted in PERMISSIONS.values())
