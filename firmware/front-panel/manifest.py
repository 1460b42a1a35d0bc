# ruff: noqa: F821 - `mpremote` and MicroPython's build give these names their meaning.
"""What the panel's firmware is made of: MicroPython 1.23 or newer for the Raspberry Pi Pico (mpy version 6.3)."""

require("logging")
require("ssd1306")
require("neopixel")
require("usb-device-cdc")
package("panel_link", base_path="..")
for name in ("display", "keys", "leds", "link", "main", "pages", "panel", "pins", "release", "usb_port"):
    module(name + ".py")
