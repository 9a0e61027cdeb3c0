"""What would be read from this product's page? Nothing is generated and nothing spent."""

from darkroom import wiring
from darkroom.entry import pictures
from darkroom.entry.http import Answer, Parts, Request, serve
from darkroom.observability import Context, observed
from darkroom.usecases.product_images import overlay_of


def preview(request: Request, parts: Parts) -> Answer:
    product = parts.product_pages().read(request.body["product_url"])
    return Answer(200, pictures.preview(product, overlay_of(product)))


OPERATIONS = {"previewProduct": preview}


@observed
def handler(event: object, context: Context) -> object:
    return serve("preview", OPERATIONS, event, context, wiring)
