"""What `evaluate` can be asked for."""

from typing import Annotated

from pydantic import Field

from legato.workspace.params import Strict


class EvaluateParams(Strict):
    """`evaluate` in params.yaml."""

    excerpts: Annotated[
        int, Field(ge=1, le=1000)
    ]  # of the held-out tracks of each prompt's category, as long as the clips
