"""A button is pressed when it is let go, held once while it is held, and does not bounce."""

from keys import HELD, LONG, NOTHING, PRESSED, Key

key = Key(14)


class Contact:
    down = False

    def value(self) -> int:
        return 0 if self.down else 1


key._pin = contact = Contact()


def at(now: int, down: bool) -> int:
    contact.down = down
    return key.turn(now)


assert at(100, True) == NOTHING
assert at(110, False) == NOTHING and at(120, True) == NOTHING, "it bounces"
assert at(300, False) == PRESSED
assert at(400, True) == NOTHING
assert at(400 + LONG - 1, True) == NOTHING
assert at(400 + LONG, True) == HELD
assert at(900 + LONG, True) == NOTHING, "once"
assert at(1000 + LONG, False) == NOTHING, "letting go after that is nothing more"
wrap = (1 << 30) - 100
assert at(wrap, True) == NOTHING
assert at(LONG - 101 & 0x3FFFFFFF, True) == NOTHING
assert at(LONG - 100, True) == HELD
print("ok")  # noqa: T201 - the test reads it
