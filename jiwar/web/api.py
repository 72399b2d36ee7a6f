"""The JSON API of a node: one object, the rooms' routers, its own description and the page that shows it."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import Router, Schema
from ninja.openapi.docs import DocsBase

import jiwar
from jiwar.access.bearer import Bearer
from jiwar.agreements.api import router as agreements
from jiwar.agreements.consent_api import router as consents
from jiwar.analysis.api import router as analysis
from jiwar.analysis.inquiry_api import router as inquiries
from jiwar.bridges.api import router as bridges
from jiwar.documents.api import router as documents
from jiwar.documents.lost_api import router as lost
from jiwar.exchange.api import router as exchange
from jiwar.matching.api import router as matching
from jiwar.records.api import router as records
from jiwar.records.kinds import KINDS
from jiwar.requests.api import router as requests
from jiwar.watchlist.api import router as watchlist
from jiwar.web.api_faults import Api, StrictJson, connect

_DESCRIPTION = """\
Programs of an agency ask with a token that an administrator made for stated permissions and one purpose:
`Authorization: Bearer jiwar_…`. Every access to personal data is in the node's ledger. A match is a question to an
officer, never a decision; a token approves nothing. Errors name the field and the reason in the language of
`Accept-Language` (ar, fr, en). JSON Schemas of records: `/schemas/`. Who asks often sends the body of `POST
/v1/screenings` to `/screen`, or `{"questions": [...]}` with up to 500 to `/screen/batch` (answers in their order).
"""


class _Docs(DocsBase):
    """Swagger UI from the installed package: no script in the page, nothing from elsewhere."""

    def render_page(self, request: HttpRequest, api: Any, **kwargs: Any) -> HttpResponse:
        shown = {"url": self.get_openapi_url(api, kwargs), "layout": "BaseLayout", "deepLinking": True}
        return render(request, "web/api_docs.html", {"title": api.title, "shown": shown})


class NodeOut(Schema):
    """This node and the kinds of record that it understands."""

    code: str
    role: str
    name: str
    state: str
    version: str
    kinds: list[str]


own = Router()


@own.get("/node", response=NodeOut, summary="This node")
def node(request: HttpRequest) -> NodeOut:
    """Who answers, for any good token."""
    kinds = [f"{name}/{version}" for name, version in sorted(KINDS)]
    here = settings.NODE
    return NodeOut(
        code=here.code, role=here.role, name=here.name, state=here.state, version=jiwar.__version__, kinds=kinds
    )


api = Api(
    title=f"Jiwar {settings.NODE.code}",
    version="1",
    description=_DESCRIPTION,
    docs=_Docs(),
    docs_url="/docs",
    openapi_url="/openapi.json",
    auth=Bearer(),
    parser=StrictJson(),
    urls_namespace="api",
)
connect(api)
for _router, _tag in (
    (own, "node"),
    (watchlist, "watchlist"),
    (documents, "documents"),
    (lost, "documents"),
    (requests, "requests"),
    (exchange, "exchange"),
    (agreements, "agreements"),
    (consents, "agreements"),
    (matching, "matching"),
    (inquiries, "inquiries"),
    (records, "records"),
    (bridges, "bridges"),
    (analysis, "analysis"),
):
    api.add_router("/v1", _router, tags=[_tag])
