from tests.post import alert, border_police, cleared, grant, libya, officer, post  # noqa: F401
