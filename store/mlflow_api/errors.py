"""What a call is refused with: MLflow's codes."""

from __future__ import annotations

from store.errors import InvalidValue, NotFound

STATUS = {
    "RESOURCE_DOES_NOT_EXIST": 404,
    "ENDPOINT_NOT_FOUND": 404,
    "PERMISSION_DENIED": 403,
    "UNAUTHENTICATED": 401,
    "INVALID_PARAMETER_VALUE": 400,
    "RESOURCE_ALREADY_EXISTS": 400,
    "INVALID_STATE": 400,
    "INTERNAL_ERROR": 500,
    "TEMPORARILY_UNAVAILABLE": 503,
}


class ApiError(Exception):
    """A call can't be answered: one sentence, and MLflow's code for it."""

    def __init__(self, sentence: str, code: str = "INVALID_PARAMETER_VALUE") -> None:
        super().__init__(sentence)
        self.code = code

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return STATUS.get(self.code, 400)

    @property
    def document(self) -> dict[str, str]:
        """The body of the answer."""
        return {"error_code": self.code, "message": str(self)}


def refused(error: Exception) -> ApiError:
    """What the store refuses, or can't do now, under MLflow's code for it."""
    if isinstance(error, ApiError):
        return error
    if isinstance(error, NotFound):
        return ApiError(str(error), "RESOURCE_DOES_NOT_EXIST")
    if isinstance(error, InvalidValue):
        return ApiError(str(error))
    return ApiError(str(error), "TEMPORARILY_UNAVAILABLE")


def missing(what: str, name: object) -> ApiError:
    """There is no such thing."""
    return ApiError(f"there is no {what} {name!r}", "RESOURCE_DOES_NOT_EXIST")
