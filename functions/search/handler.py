"""Who is this? Enrolled faces that are like the one on a picture, or like an embedding."""

from darkroom import wiring
from darkroom.entry.http import Answer, Parts, Request, serve
from darkroom.observability import Context, observed

HOW = ("threshold", "limit", "person_ids")


def search_faces(request: Request, parts: Parts) -> Answer:
    side = {name: value for name, value in request.body.items() if name not in HOW}
    how = {name: request.body[name] for name in HOW}
    return Answer(200, parts.face_search().search(request.owner, side, **how))


OPERATIONS = {"searchFaces": search_faces}


@observed
def handler(event: object, context: Context) -> object:
    return serve("search", OPERATIONS, event, context, wiring)
