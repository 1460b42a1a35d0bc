"""What of this computer the tests in another Debian need, to install the same packages from the same places."""

from __future__ import annotations

from tests.debian.run import named_in

SETTINGS = """\
env_var:
  PIP_FIND_LINKS='/srv/wheels'
global:
  /etc/pip.conf, exists: True
    global.cert: /etc/ssl/certs/all.crt
    global.index-url: https://packages.example/simple
    global.extra-index-url: file:///srv/one/simple file:///srv/two/simple
"""


def test_files_and_folders_that_pip_is_told_of_are_named_and_no_host() -> None:
    assert named_in(SETTINGS) == ["/etc/pip.conf", "/etc/ssl/certs/all.crt", "/srv/one", "/srv/two", "/srv/wheels"]


def test_folder_comes_before_what_is_in_it() -> None:
    assert named_in("/etc/ssl/certs/all.crt\n/etc/ssl/certs") == ["/etc/ssl/certs", "/etc/ssl/certs/all.crt"]
