"""Where what hangs on the Pico is wired to (README.md has the drawing)."""

UART = 0
TX, RX = 0, 1
"""To the box's RX and TX, 3.3 V; GND to GND."""
BAUDRATE = 115200
I2C = 0
SDA, SCL = 4, 5
"""The display's, a 128x64 SSD1306."""
ADDRESS = 0x3C
BUTTON_A, BUTTON_B = 14, 15
"""To GND when pressed; pulled up inside."""
LED = 16
"""The data line of one WS2812."""
