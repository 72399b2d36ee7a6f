from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "jiwar.exchange"
    label = "exchange"

    def ready(self) -> None:
        # They attach the routing of stored records, and what is told and believed of forked ledgers.
        from jiwar.exchange import directory, ledger_forks, routing  # noqa: F401

        directory.connect()
