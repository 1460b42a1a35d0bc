"""What stands on the display is cut between words, and has only letters that the font has."""

from display import COLUMNS, plain, wrapped

assert wrapped("No word from the box for 75 s.") == ["No word from the", "box for 75 s."]
assert wrapped("2001:db8:1234:5678::1") == ["2001:db8:1234:", "5678::1"]
assert wrapped("https://workshop.local/") == ["https://", "workshop.local/"]
assert wrapped("") == []
assert all(len(line) <= COLUMNS for line in wrapped("a " * 50 + "b" * 70))
assert "".join(wrapped("a " * 50 + "b" * 70)).replace(" ", "") == "a" * 50 + "b" * 70
assert plain("Büro 12") == "Buero 12"
assert plain("会議") == "??"
print("ok")  # noqa: T201 - the test reads it
