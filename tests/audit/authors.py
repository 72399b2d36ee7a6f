"""Who acts in these tests."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Judge:
    """Someone with a purpose and a case."""

    actor_id: str = "judge"
    via: str = "console"
    purpose: str | None = "oversight"
    case: str = "J-1"
