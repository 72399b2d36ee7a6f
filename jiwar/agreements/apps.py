from django.apps import AppConfig


class AgreementsConfig(AppConfig):
    name = "jiwar.agreements"
    label = "agreements"

    def ready(self) -> None:
        from jiwar.agreements import consents, effects, services  # noqa: F401 - attach what this room's kinds do
