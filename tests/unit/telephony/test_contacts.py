from core.events import PhoneReachability
from core.vocabulary import Phone
from telephony.contacts import ContactBook
from telephony.translate import ContactChange

PHONE = Phone("1001")


def told(book: ContactBook, *changes: tuple[str, bool]) -> list[bool]:
    return [book.apply(ContactChange(PHONE, uri, good, 1.0)).reachable for uri, good in changes]


def test_a_phone_that_registers_again_from_a_new_port_stays_reachable() -> None:
    assert told(ContactBook(), ("a", True), ("b", True), ("a", False)) == [True, True, True]


def test_a_phone_whose_only_address_goes_is_gone() -> None:
    book = ContactBook()
    assert told(book, ("a", True), ("a", False)) == [True, False]
    assert not book.reachable(PHONE)


def test_the_same_twice_changes_nothing() -> None:
    assert told(ContactBook(), ("a", True), ("a", True), ("a", False), ("a", False)) == [
        True,
        True,
        False,
        False,
    ]


def test_a_snapshot_that_names_no_address_is_made_good_by_the_first_that_is_named() -> None:
    book = ContactBook()
    book.replace([PHONE])
    assert book.reachable(PHONE)
    assert told(book, ("a", True), ("a", False)) == [True, False]


def test_after_a_snapshot_registering_again_does_not_look_like_leaving() -> None:
    book = ContactBook()
    book.replace([PHONE])
    assert told(book, ("new", True), ("old", False)) == [True, True]


def test_after_a_snapshot_the_loss_of_its_address_counts() -> None:
    book = ContactBook()
    book.replace([PHONE])
    assert told(book, ("a", False)) == [False]


def test_a_snapshot_keeps_known_addresses_and_forgets_phones_that_are_gone() -> None:
    book = ContactBook()
    told(book, ("a", True), ("b", True))
    book.replace([PHONE])
    assert told(book, ("a", False)) == [True]
    book.replace([])
    assert not book.reachable(PHONE)


def test_the_event_carries_phone_and_moment() -> None:
    event = ContactBook().apply(ContactChange(PHONE, "a", good=True, at=7.5))
    assert event == PhoneReachability(PHONE, reachable=True, at=7.5)
