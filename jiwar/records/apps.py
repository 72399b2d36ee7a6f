from django.apps import AppConfig


class RecordsConfig(AppConfig):
    name = "jiwar.records"
    label = "records"

    def ready(self) -> None:
        from jiwar.records import services  # noqa: F401 - attaches the projections of this room's kinds
