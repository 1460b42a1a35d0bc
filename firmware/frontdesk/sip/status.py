"""Status codes and their reason phrases (RFC 3261 section 21 and the registry's later ones)."""

from __future__ import annotations

REASONS: dict[int, str] = {
    100: "Trying", 180: "Ringing", 181: "Call Is Being Forwarded", 182: "Queued", 183: "Session Progress",
    199: "Early Dialog Terminated",
    200: "OK", 202: "Accepted", 204: "No Notification",
    300: "Multiple Choices", 301: "Moved Permanently", 302: "Moved Temporarily", 305: "Use Proxy",
    380: "Alternative Service",
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    405: "Method Not Allowed", 406: "Not Acceptable", 407: "Proxy Authentication Required", 408: "Request Timeout",
    410: "Gone", 412: "Conditional Request Failed", 413: "Request Entity Too Large", 414: "Request-URI Too Long",
    415: "Unsupported Media Type", 416: "Unsupported URI Scheme", 420: "Bad Extension", 421: "Extension Required",
    422: "Session Interval Too Small", 423: "Interval Too Brief", 428: "Use Identity Header",
    430: "Flow Failed", 437: "Unsupported Certificate", 439: "First Hop Lacks Outbound Support",
    440: "Max-Breadth Exceeded", 469: "Bad Info Package", 470: "Consent Needed", 480: "Temporarily Unavailable",
    481: "Call/Transaction Does Not Exist", 482: "Loop Detected", 483: "Too Many Hops", 484: "Address Incomplete",
    485: "Ambiguous", 486: "Busy Here", 487: "Request Terminated", 488: "Not Acceptable Here", 489: "Bad Event",
    491: "Request Pending", 493: "Undecipherable", 494: "Security Agreement Required",
    500: "Server Internal Error", 501: "Not Implemented", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Server Time-out", 505: "Version Not Supported", 513: "Message Too Large", 580: "Precondition Failure",
    600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere", 606: "Not Acceptable",
}


STOPPED = 0
"""Of a call that was up when the box stopped, and went on without it."""
OUTCOMES = {
    STOPPED: "answered; the box stopped during the call",
    200: "answered",
    302: "forwarded",
    404: "no such number",
    408: "no reply",
    480: "not available",  # nobody is registered, or a phone says so by itself (do not disturb)
    486: "busy",
    487: "given up",
    488: "no codec in common",
    600: "busy",
    603: "declined",
}
"""What the statuses of RFC 3261 section 21 mean to people."""
RUNG_OUTCOMES = OUTCOMES | {
    408: "nobody answered",
    480: "nobody answered",
    486: "busy or declined",  # another phone may be busy while one rings
    487: "given up while it rang",
}
"""What they mean where a phone has rung: somebody missed a call."""
REFUSED = "not put through"
CHALLENGES = (401, 407)
"""What asks for credentials."""
TRIED_AGAIN = (*CHALLENGES, 422)
"""What asks the caller for the same INVITE once more: with credentials, or a longer session (RFC 4028)."""
RETRIED_WITHIN = 10.0
"""Seconds that he has for it until the call counts as failed."""


def reason_phrase(status: int) -> str:
    """The phrase for `status`; an unknown code gets that of its class's x00 (RFC 3261 section 8.1.3.2)."""
    return REASONS.get(status) or REASONS.get(status // 100 * 100, "Unknown")
