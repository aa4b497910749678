"""Reading a JSON body without FastAPI's detours."""

from typing import Final

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from entrypoints.rest.field_errors import field_errors
from entrypoints.rest.problem import InvalidRequestError, UnsupportedMediaTypeError, is_json

_CONTENT_TYPE: Final = "content-type"


async def read_body[M: BaseModel](request: Request, model: type[M]) -> M:
    """Reads the body as the model, in one step from bytes.

    Raises:
        InvalidRequestError: it isn't JSON, or not of this form.
        UnsupportedMediaTypeError: it says that it is something else.
    """
    if not is_json(request.headers.get(_CONTENT_TYPE)):
        raise UnsupportedMediaTypeError
    try:
        return model.model_validate_json(await request.body())
    except ValidationError as error:
        # `from None`: pydantic's own text holds the values.
        problems = error.errors(include_url=False, include_input=False)
        raise InvalidRequestError(field_errors([dict(problem) for problem in problems])) from None
