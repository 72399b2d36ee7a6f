"""Our server with the client that OASIS publishes (taxii2-client), over real HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
import requests
from taxii2client.exceptions import AccessError
from taxii2client.v21 import ApiRoot, Collection, Server, as_pages

from jiwar.access.permissions import Permission as P
from jiwar.bridges.holdings import inbox_of
from jiwar.bridges.models import Source
from jiwar.identity.models import Agency
from jiwar.records.models import Record
from tests.bridges.conftest import Secret
from tests.bridges.logic.test_coming_in import person, thing

pytestmark = pytest.mark.django_db(transaction=True)


class BearerAuth(requests.auth.AuthBase):
    def __init__(self, token: str) -> None:
        self.token = token

    def __call__(self, request: Any) -> Any:
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request


@pytest.fixture
def at(live_server: Any, settings: Any) -> str:
    import dataclasses

    settings.NODE = dataclasses.replace(settings.NODE, console_url=live_server.url)
    return str(live_server.url)


def test_it_finds_its_way_and_reads_every_page(
    at: str, agency: Agency, confirm: Any, secret: Secret, issued: Callable[..., Record]
) -> None:
    confirm(agency)
    records = [issued() for _ in range(4)]
    token = secret(agency, P.BRIDGES_COLLECTION_READ, P.WATCHLIST_ALERT_READ)
    with Server(f"{at}/taxii2/", user="any", password=token) as server:
        (root,) = server.api_roots
        assert root.title == "Jiwar LBY"
        (collection,) = root.collections
        assert (collection.alias, collection.can_write) == ("LBY.alert.person", False)
        pages = list(as_pages(collection.get_objects, per_request=5))
        assert [len(page["objects"]) for page in pages] == [5, 5, 2]
        ids = [one["id"] for page in pages for one in page["objects"] if one["type"] == "identity"]
        manifest = collection.get_manifest(type="identity")
        assert [row["id"] for row in manifest["objects"]] == ids
        one = collection.get_object(ids[-1])
        assert one["objects"][0]["extensions"]
        versions = collection.object_versions(ids[-1])["versions"]
        assert len(versions) == 1
        assert collection.get_objects(id=ids[-1], version=versions[0]) == one
        with pytest.raises(AccessError):
            collection.delete_object(ids[-1])
        with pytest.raises(requests.HTTPError, match="404"):
            collection.get_object(thing("identity")["id"])
    assert len(records) == 4


def test_it_writes_and_polls_the_status(
    at: str, outside: Agency, confirm: Any, secret: Secret, source: Callable[..., Source]
) -> None:
    confirm(outside, "NER")
    source(writer=outside.code)
    auth = BearerAuth(secret(outside, P.BRIDGES_COLLECTION_WRITE))
    root = ApiRoot(f"{at}/taxii2/jiwar/", auth=auth)
    inbox = Collection(f"{at}/taxii2/jiwar/collections/{inbox_of('interpol').id}/", auth=auth)
    status = inbox.add_objects({"objects": [person(), thing("malware", name="x", is_family=False)]})
    assert (status.status, status.success_count, status.failure_count) == ("complete", 1, 1)
    assert root.get_status(status.id).failures == status.failures


def test_it_is_told_of_its_errors(at: str, agency: Agency, confirm: Any) -> None:
    with pytest.raises(requests.HTTPError, match="401"):
        _ = Server(f"{at}/taxii2/", user="any", password="jiwar_wrong").title
