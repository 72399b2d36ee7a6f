from django.apps import AppConfig


class IdentityConfig(AppConfig):
    name = "jiwar.identity"
    label = "identity"

    def ready(self) -> None:
        from jiwar.identity import receivers

        receivers.connect()
