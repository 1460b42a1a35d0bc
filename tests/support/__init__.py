"""What tests stand on: a clock that is moved, a wire without sockets, phones that follow a script."""
