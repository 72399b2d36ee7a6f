from django.apps import AppConfig


class BridgesConfig(AppConfig):
    name = "jiwar.bridges"
    label = "bridges"

    def ready(self) -> None:
        from jiwar.bridges import services  # noqa: F401 - gives the room `access` this room's rule for tokens
