"""Photos of products that never were, drawn as SVG, so that each pixel's true share of the product is known."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final

import numpy as np
import resvg_py
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

SERUM: Final = """
<defs>
 <linearGradient id="glass"><stop offset="0" stop-color="#4a2408"/><stop offset=".12" stop-color="#a8591a"/>
  <stop offset=".28" stop-color="#e0913c"/><stop offset=".5" stop-color="#9c4e14"/>
  <stop offset=".85" stop-color="#6f340c"/><stop offset="1" stop-color="#391a05"/></linearGradient>
 <linearGradient id="cap"><stop offset="0" stop-color="#0d0d0f"/><stop offset=".25" stop-color="#5a5a60"/>
  <stop offset=".4" stop-color="#1c1c20"/><stop offset="1" stop-color="#08080a"/></linearGradient>
 <linearGradient id="label"><stop offset="0" stop-color="#cfc6b8"/><stop offset=".3" stop-color="#f4eee4"/>
  <stop offset="1" stop-color="#bdb3a3"/></linearGradient>
</defs>
<path fill="url(#glass)"
 d="M366 330 q0-26 26-32 l26-8 v-40 h164 v40 l26 8 q26 6 26 32 v520 q0 40-40 40 h-188 q-40 0-40-40z"/>
<rect x="402" y="186" width="196" height="84" rx="8" fill="url(#cap)"/>
<path d="M452 186 v-70 q0-48 48-48 t48 48 v70z" fill="url(#cap)"/>
<path d="M366 440 h268 v300 h-268z" fill="url(#label)"/>
<g font-family="Noto Sans" text-anchor="middle" fill="#3a2a18">
 <text x="500" y="540" font-size="44" font-weight="700">AURÉA</text>
 <text x="500" y="590" font-size="22">night serum</text><text x="500" y="700" font-size="20">30 ml</text>
</g>
<path d="M430 660 h140" stroke="#3a2a18" stroke-width="2"/>
"""
MUG: Final = """
<defs>
 <linearGradient id="glaze"><stop offset="0" stop-color="#0f4f57"/><stop offset=".3" stop-color="#2b98a0"/>
  <stop offset=".62" stop-color="#17727b"/><stop offset="1" stop-color="#0b3d44"/></linearGradient>
 <linearGradient id="inside" x2="0" y2="1"><stop offset="0" stop-color="#0a343a"/>
  <stop offset="1" stop-color="#1d7f88"/></linearGradient>
</defs>
<path fill="#17727b"
 d="M690 380 h46 q118 0 118 140 t-128 150 h-60 v-66 h52 q66 0 66-84 t-60-76 h-34z"/>
<path d="M200 300 q0-40 250-40 t250 40 v400 q0 90-90 90 h-320 q-90 0-90-90z" fill="url(#glaze)"/>
<ellipse cx="450" cy="302" rx="250" ry="46" fill="#3aaab2"/>
<ellipse cx="450" cy="306" rx="226" ry="36" fill="url(#inside)"/>
<circle cx="450" cy="540" r="86" fill="none" stroke="#f3e9d2" stroke-width="10"/>
<path d="M394 560 q56-110 112 0" fill="none" stroke="#f3e9d2" stroke-width="10"/>
"""
SNEAKER: Final = """
<defs>
 <linearGradient id="upper" x2="0" y2="1"><stop offset="0" stop-color="#f06a4a"/>
  <stop offset="1" stop-color="#b8331d"/></linearGradient>
 <linearGradient id="sole" x2="0" y2="1"><stop offset="0" stop-color="#f5f1ea"/>
  <stop offset="1" stop-color="#c9c2b6"/></linearGradient>
</defs>
<path fill="url(#upper)"
 d="M80 610 q-14-150 40-250 q70 40 150 10 q60-24 90-70 q120 130 250 180 q170 40 240 70 q70 30 66 100 z"/>
<path d="M66 610 h858 q20 60-30 90 h-770 q-64-16-58-90z" fill="url(#sole)"/>
<path d="M66 640 h852" stroke="#b4ac9f" stroke-width="6"/>
<path d="M120 360 q70 40 150 10 q60-24 90-70 l44 44 q-120 130-290 96z" fill="#3b1410"/>
<path d="M420 400 l70-34 M470 440 l66-38 M526 474 l60-40 M586 504 l54-40" stroke="#fff3e6" stroke-width="15"
 stroke-linecap="round"/>
<path d="M190 560 q170 20 330-90 q-40 120-220 140z" fill="#ffe3c4"/>
<path d="M830 560 q60 10 90 50 h-150 q10-40 60-50z" fill="#8f2413"/>
"""
HEADPHONES: Final = """
<defs><linearGradient id="band"><stop offset="0" stop-color="#101114"/><stop offset=".35" stop-color="#4b4f57"/>
 <stop offset="1" stop-color="#16181c"/></linearGradient></defs>
<path d="M190 600 v-120 q0-320 310-320 t310 320 v120 h-52 v-120 q0-262-258-262 t-258 262 v120z" fill="url(#band)"/>
<g fill="#24272d"><rect x="150" y="520" width="150" height="290" rx="70"/>
 <rect x="700" y="520" width="150" height="290" rx="70"/></g>
<g fill="#0c0d0f"><rect x="262" y="540" width="66" height="250" rx="33"/>
 <rect x="672" y="540" width="66" height="250" rx="33"/></g>
<rect x="172" y="560" width="26" height="200" rx="13" fill="#5b606a"/>
<circle cx="214" cy="786" r="6" fill="#e8b84a"/>
"""
LAMP: Final = """
<defs><linearGradient id="shade"><stop offset="0" stop-color="#b88d1f"/><stop offset=".3" stop-color="#ffd95e"/>
 <stop offset="1" stop-color="#a87a12"/></linearGradient></defs>
<path d="M340 120 h320 l120 330 h-560z" fill="url(#shade)"/>
<rect x="486" y="450" width="28" height="380" fill="#6e6a64"/>
<path d="M330 860 q0-40 170-40 t170 40 v24 h-340z" fill="#57534e"/>
"""
RING: Final = """
<circle cx="500" cy="560" r="220" fill="none" stroke="#d4a93a" stroke-width="34"/>
<path d="M440 300 l60-80 60 80 -60 70z" fill="#9fd0ec" stroke="#5f93ac" stroke-width="6"/>
"""
PRODUCTS: Final = {"ring": RING, "serum": SERUM, "mug": MUG, "sneaker": SNEAKER, "headphones": HEADPHONES, "lamp": LAMP}


def drawn(product: str, side: int = 1000) -> NDArray[np.uint8]:
    """A product on nothing: (side, side, 4) RGBA."""
    import manimgx_fonts

    font = str(manimgx_fonts.__file__).replace("__init__.py", "NotoSans[wght].ttf")
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 1000" width="{side}" height="{side}">'
    png = resvg_py.svg_to_bytes(
        svg_string=svg + PRODUCTS[product] + "</svg>", font_files=[font], skip_system_fonts=True
    )
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGBA"))


def backdrop(kind: str, side: int) -> NDArray[np.float32]:
    """A studio's background, (side, side, 3), values 0-255: white, grey, warm, sweep (a gradient) or vignette."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    plain = np.ones((side, side, 3), np.float32)
    if kind == "white":
        return plain * np.float32(255)
    if kind == "grey":
        return plain * np.float32(214)
    if kind == "warm":
        return np.asarray(plain * np.array([236, 222, 205], np.float32))
    if kind == "sweep":
        return np.asarray((plain * (246 - 46 * y[..., None] ** 2)) * np.array([1, 0.99, 0.975]), np.float32)
    if kind == "vignette":
        return np.asarray(plain * (248 - 140 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)[..., None]), np.float32)
    raise ValueError(kind)


def photo(product: str, *, on: str = "white", shadow: bool = False, grain: float = 0.0, side: int = 1000) -> bytes:
    """A JPEG of a product before a background, as a shop's photographer would have taken it."""
    cut = drawn(product, side).astype(np.float32)
    alpha = np.asarray(cut[..., 3:] / np.float32(255))
    ground = backdrop(on, side)
    if shadow:
        ground = ground * (1 - 0.4 * _shadow(alpha[..., 0]))[..., None]
    picture = ground * (1 - alpha) + cut[..., :3] * alpha
    picture += np.random.default_rng(7).normal(0, grain, picture.shape)
    out = io.BytesIO()
    Image.fromarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8)).save(out, "JPEG", quality=92)
    return out.getvalue()


def _shadow(alpha: NDArray[np.float32]) -> NDArray[np.float32]:
    """A soft pool of shadow at the product's foot, 0-1."""
    from PIL import ImageFilter

    side = len(alpha)
    rows, columns = np.flatnonzero(alpha.max(axis=1) > 0.5), np.flatnonzero(alpha.max(axis=0) > 0.5)
    y, x = np.mgrid[0:side, 0:side]
    wide = (columns[-1] - columns[0]) * 0.55
    pool = ((x - columns.mean()) / wide) ** 2 + ((y - rows[-1]) / (0.05 * side)) ** 2 < 1
    soft = Image.fromarray(pool.astype(np.uint8) * 255).filter(ImageFilter.GaussianBlur(side * 0.03))
    return np.asarray(np.asarray(soft, np.float32) / np.float32(255))
