"""The API's description as it was generated, and a page that shows it: Swagger UI, with no CDN and nothing inline that
was not hashed."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Final

CACHED: Final = {"Cache-Control": "public, max-age=300"}
START: Final = """
SwaggerUIBundle({
  url: new URL("openapi.json", window.location.href).href,
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null,
});
"""


@cache
def openapi() -> str:
    """The JSON text of the document; `contracts/openapi.py` writes it."""
    return files("darkroom.contracts").joinpath("openapi.json").read_text("utf-8")


@cache
def page() -> tuple[str, str]:
    """The HTML, and the Content-Security-Policy that lets exactly its own scripts and styles run.

    The assets are those that Powertools ships; 1.7 MB, which the function's 6 MB hold.
    """
    # By path: importing the package that holds them would load the resolver, and pydantic with it.
    assets = files("aws_lambda_powertools").joinpath("event_handler", "openapi", "swagger_ui")
    styles = assets.joinpath("swagger-ui.min.css").read_text("utf-8")
    bundle = assets.joinpath("swagger-ui-bundle.min.js").read_text("utf-8")
    # Inside a script element these begin an HTML state in which its end tag is not one.
    bundle = bundle.replace("<!--", r"\x3C!--").replace("<script", r"\x3Cscript")
    html = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Darkroom API</title>'
        f"<style>{styles}</style></head>"
        f'<body><div id="docs"></div><script>{bundle}</script><script>{START}</script></body></html>'
    )
    policy = "; ".join(
        (
            "default-src 'none'",
            f"script-src {_hashed(bundle)} {_hashed(START)}",
            f"style-src {_hashed(styles)}",
            "img-src 'self' data:",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )
    return html, policy


def _hashed(inline: str) -> str:
    digest = hashlib.sha256(inline.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
