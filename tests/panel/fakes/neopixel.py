"""One light, kept in a file."""

from machine import environ


class NeoPixel:
    def __init__(self, pin: object, count: int) -> None:
        self._colours = [(0, 0, 0)] * count

    def __setitem__(self, place: int, colour: "tuple[int, int, int]") -> None:
        self._colours[place] = colour

    def write(self) -> None:
        with open(environ("LIGHT"), "w") as file:
            file.write(" ".join([str(part) for part in self._colours[0]]) + "\n")
