from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "jiwar.agreements"
    label = "agreements"

    def ready(self) -> None:
        from jiwar.agreements import consents, services  # noqa: F401 - attach the projections of this room's kinds
