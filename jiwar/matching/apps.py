from django.apps import AppConfig


class MatchingConfig(AppConfig):
    name = "jiwar.matching"
    label = "matching"

    def ready(self) -> None:
        from jiwar.matching import services  # noqa: F401 - attaches the projections of this room's kinds
