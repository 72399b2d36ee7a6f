from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "jiwar.agreements"
    label = "agreements"

    def ready(self) -> None:
        from jiwar.agreements import services  # noqa: F401 - attaches the projections of this room's kinds
