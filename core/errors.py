"""Errors that a person can cause, each with a stable code; ``web.problems`` turns them into problem+json."""


class HotlineError(Exception):
    """Base of every error with a code. ``status`` is the HTTP status it becomes at the API.

    Args:
        message: one sentence for the person, without personal data.
        code: overrides the class's stable code.
        field: the input that was wrong, in API notation (``phone``, ``body.title``), if one was.
    """

    code = "internal_error"
    status = 500

    def __init__(self, message: str, *, code: str | None = None, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.code
        self.field = field


class InvalidInput(HotlineError):
    """A value breaks a rule; names the field."""

    code = "invalid_input"
    status = 422


class NotAuthenticated(HotlineError):
    """No session, or a wrong login."""

    code = "not_authenticated"
    status = 401


class NotPermitted(HotlineError):
    """The session's role may not do this."""

    code = "not_permitted"
    status = 403


class NotFound(HotlineError):
    """No such object, or none that this session may know of."""

    code = "not_found"
    status = 404


class Conflict(HotlineError):
    """The request does not fit the present state."""

    code = "conflict"
    status = 409


class PreconditionFailed(HotlineError):
    """The object was changed by somebody else since the client read it (``If-Match`` is stale)."""

    code = "precondition_failed"
    status = 412


class PreconditionRequired(HotlineError):
    """The request must say which version it changes (``If-Match`` is missing)."""

    code = "precondition_required"
    status = 428


class TooManyRequests(HotlineError):
    """The same was tried too often; trying later may help."""

    code = "too_many_requests"
    status = 429


class Unavailable(HotlineError):
    """A part that the request needs is away; trying later may help."""

    code = "unavailable"
    status = 503


class ConfigurationError(HotlineError):
    """A setting or the machine is not as needed; ends a command with a non-zero exit."""

    code = "configuration"
