from django.apps import AppConfig


class CrossingsConfig(AppConfig):
    name = "jiwar.crossings"
    label = "crossings"

    def ready(self) -> None:
        from jiwar.crossings import services  # noqa: F401 - attaches the projections of this room's kind
