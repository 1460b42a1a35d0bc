"""All routes of the page."""

from __future__ import annotations

from bottle import Bottle

from frontdesk.control import Box

from .site import OnLoop, Site


def application(box: Box, on_loop: OnLoop, site: Site) -> Bottle:
    """A WSGI application; its environ says `frontdesk.sibling` where an http listener stands beside an https one."""
    page = Bottle()
    page.get("/healthz", callback=lambda: "ok\n")
    return page
