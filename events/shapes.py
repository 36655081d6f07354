"""The one base of everything that crosses a process boundary; it leaves the fields to the other modules."""

from pydantic import BaseModel, ConfigDict


class Shape(BaseModel):
    """A frozen value. Unknown fields are ignored, so that a newer sender does not break an older reader."""

    model_config = ConfigDict(frozen=True, extra="ignore")
