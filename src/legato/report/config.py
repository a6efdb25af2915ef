"""`report` in params.yaml."""

from typing import Annotated

from pydantic import Field

from legato.workspace.params import Strict


class ReportParams(Strict):
    """What the page carries along; the figures and the list are always of all tracks."""

    previews: Annotated[int, Field(ge=0, le=10_000)]  # tracks of each category that can be heard
    preview_seconds: Annotated[float, Field(gt=0, le=60)]
