"""Where may this file go? One URL and one form that take it, straight to storage."""

from darkroom import wiring
from darkroom.domain.uploads import Purpose
from darkroom.entry import views
from darkroom.entry.http import Answer, Parts, Request, serve
from darkroom.observability import Context, observed


def presign(request: Request, parts: Parts) -> Answer:
    fields = {**request.body, "purpose": Purpose(request.body["purpose"])}
    return Answer(200, views.presigned(parts.uploads().presign(request.owner, **fields)))


OPERATIONS = {"presignUpload": presign}


@observed
def handler(event: object, context: Context) -> object:
    return serve("presign", OPERATIONS, event, context, wiring)
