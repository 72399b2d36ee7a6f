from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "jiwar.exchange"
    label = "exchange"

    def ready(self) -> None:
        from jiwar.exchange import directory, routing  # noqa: F401 - attaches the routing of stored records

        directory.connect()
