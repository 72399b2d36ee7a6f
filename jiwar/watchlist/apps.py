from django.apps import AppConfig


class WatchlistConfig(AppConfig):
    name = "jiwar.watchlist"
    label = "watchlist"

    def ready(self) -> None:
        from jiwar.watchlist import services  # noqa: F401 - attaches the projections of this room's kinds
