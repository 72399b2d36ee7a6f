"""The one map of the console."""

urlpatterns: list[object] = []
