from django.apps import AppConfig


class WatchlistConfig(AppConfig):
    name = "jiwar.watchlist"
    label = "watchlist"
