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
JAR: Final = """
<defs>
 <linearGradient id="jar"><stop offset="0" stop-color="#b9b8b6"/><stop offset=".25" stop-color="#f3f2f0"/>
  <stop offset=".7" stop-color="#e2e1df"/><stop offset="1" stop-color="#a9a8a6"/></linearGradient>
 <linearGradient id="lid"><stop offset="0" stop-color="#a3a2a0"/><stop offset=".3" stop-color="#ecebe9"/>
  <stop offset="1" stop-color="#989795"/></linearGradient>
</defs>
<path d="M220 430 h560 v330 q0 50-50 50 h-460 q-50 0-50-50z" fill="url(#jar)"/>
<rect x="204" y="290" width="592" height="150" rx="18" fill="url(#lid)"/>
<path d="M204 440 h592" stroke="#8d8c8a" stroke-width="5"/>
<path d="M400 600 h200" stroke="#4d5a52" stroke-width="20"/>
<path d="M440 650 h120" stroke="#4d5a52" stroke-width="8"/>
"""
STOOL: Final = """
<defs><linearGradient id="steel"><stop offset="0" stop-color="#55585c"/><stop offset=".4" stop-color="#c2c5c9"/>
 <stop offset="1" stop-color="#6c6f73"/></linearGradient></defs>
<rect x="300" y="240" width="26" height="590" fill="url(#steel)"/>
<rect x="674" y="240" width="26" height="590" fill="url(#steel)"/>
<rect x="320" y="600" width="360" height="18" fill="#8e9195"/>
<rect x="240" y="190" width="520" height="70" rx="24" fill="#a8703c"/>
<rect x="294" y="822" width="38" height="30" rx="6" fill="#141416"/>
<rect x="668" y="822" width="38" height="30" rx="6" fill="#141416"/>
"""
BOOT: Final = """
<defs><linearGradient id="leather" x2="0" y2="1"><stop offset="0" stop-color="#5b7f4a"/>
 <stop offset="1" stop-color="#33502a"/></linearGradient>
<linearGradient id="rubber" x2="0" y2="1"><stop offset="0" stop-color="#8f8f8f"/>
 <stop offset="1" stop-color="#5e5e5e"/></linearGradient></defs>
<path d="M260 200 h280 l10 330 q180 30 260 110 q40 40 34 80 h-590 q-14-240 6-520z" fill="url(#leather)"/>
<path d="M246 716 h604 q10 50-10 72 h-584 q-16-30-10-72z" fill="url(#rubber)"/>
"""
PALE: Final = {
    "white-mug": """
<defs><linearGradient id="g"><stop offset="0" stop-color="#cfcfce"/><stop offset=".18" stop-color="#f1f1f0"/>
<stop offset=".6" stop-color="#fbfbfa"/><stop offset="1" stop-color="#c6c6c5"/></linearGradient></defs>
<path fill="#dddddc" d="M690 380 h46 q118 0 118 140 t-128 150 h-60 v-66 h52 q66 0 66-84 t-60-76 h-34z"/>
<path d="M200 300 q0-40 250-40 t250 40 v400 q0 90-90 90 h-320 q-90 0-90-90z" fill="url(#g)"/>
<ellipse cx="450" cy="302" rx="250" ry="46" fill="#f4f4f3"/>
<ellipse cx="450" cy="308" rx="226" ry="36" fill="#cdcdcc"/>
""",
    "high-key-mug": """
<defs><linearGradient id="g"><stop offset="0" stop-color="#e4e4e3"/><stop offset=".2" stop-color="#f8f8f8"/>
<stop offset=".75" stop-color="#fdfdfd"/><stop offset="1" stop-color="#e6e6e5"/></linearGradient></defs>
<path fill="#ececeb" d="M690 380 h46 q118 0 118 140 t-128 150 h-60 v-66 h52 q66 0 66-84 t-60-76 h-34z"/>
<path d="M200 300 q0-40 250-40 t250 40 v400 q0 90-90 90 h-320 q-90 0-90-90z" fill="url(#g)"/>
<ellipse cx="450" cy="302" rx="250" ry="46" fill="#f6f6f6"/>
<ellipse cx="450" cy="308" rx="226" ry="36" fill="#dededd"/>
""",
    "white-sneaker": """
<defs><linearGradient id="u" x2="0" y2="1"><stop offset="0" stop-color="#f6f6f5"/>
<stop offset="1" stop-color="#d9d9d7"/></linearGradient><linearGradient id="s" x2="0" y2="1">
<stop offset="0" stop-color="#f2f1ee"/><stop offset="1" stop-color="#c4c3bf"/></linearGradient></defs>
<path fill="url(#u)" d="M80 610 q-14-150 40-250 q70 40 150 10 q60-24 90-70 q120 130 250 180 q170 40 240 70 q70 30 66
 100 z"/>
<path d="M66 610 h858 q20 60-30 90 h-770 q-64-16-58-90z" fill="url(#s)"/>
<path d="M66 640 h852" stroke="#bdbcb8" stroke-width="6"/>
<path d="M120 360 q70 40 150 10 q60-24 90-70 l44 44 q-120 130-290 96z" fill="#bcbcba"/>
<path d="M420 400 l70-34 M470 440 l66-38 M526 474 l60-40 M586 504 l54-40" stroke="#c9c9c7" stroke-width="15"
 stroke-linecap="round"/>
""",
    "t-shirt": """
<defs><linearGradient id="t"><stop offset="0" stop-color="#d6d8da"/><stop offset=".3" stop-color="#f3f4f5"/>
<stop offset=".55" stop-color="#e8eaec"/><stop offset=".75" stop-color="#f6f7f7"/>
<stop offset="1" stop-color="#d2d4d6"/></linearGradient></defs>
<path d="M360 150 q140 70 280 0 l190 90 q40 20 60 70 l50 130 -130 60 -50 -70 v420 q-260 40-520 0 v-420 l-50 70
 -130-60 50-130 q20-50 60-70z" fill="url(#t)"/>
<path d="M360 150 q140 110 280 0 q-10 60-140 76 q-130-16-140-76z" fill="#c3c5c8"/>
<path d="M300 420 q20 180 0 420 M700 420 q-24 180 4 420 M430 500 q40 140 10 330" stroke="#d3d5d8" stroke-width="7"
 fill="none"/>
""",
    "lotion": """
<defs><linearGradient id="b"><stop offset="0" stop-color="#cbcac7"/><stop offset=".25" stop-color="#f7f6f4"/>
<stop offset=".65" stop-color="#eeedea"/><stop offset="1" stop-color="#c4c3bf"/></linearGradient></defs>
<rect x="470" y="120" width="60" height="80" fill="#dcdbd8"/>
<path d="M400 120 h170 q30 0 30 26 h-60 l-10 20 h-130z" fill="#e6e5e2"/>
<rect x="430" y="190" width="140" height="60" rx="10" fill="url(#b)"/>
<path d="M350 250 h300 q50 0 50 60 v510 q0 40-40 40 h-320 q-40 0-40-40 v-510 q0-60 50-60z" fill="url(#b)"/>
<path d="M400 470 h200 M430 520 h140" stroke="#8b8a86" stroke-width="12"/>
""",
    "vase": """
<defs><linearGradient id="v"><stop offset="0" stop-color="#bdb7ae"/><stop offset=".3" stop-color="#f1ece4"/>
<stop offset=".6" stop-color="#e7e1d8"/><stop offset="1" stop-color="#b3ada4"/></linearGradient></defs>
<path d="M430 150 h140 q-20 120 90 230 q120 150 10 330 q-40 90-80 120 h-180 q-40-30-80-120 q-110-180 10-330 q110-110
 90-230z" fill="url(#v)"/>
<ellipse cx="500" cy="152" rx="70" ry="16" fill="#a8a299"/>
""",
    "plate": """
<defs><radialGradient id="p"><stop offset="0" stop-color="#f7f7f6"/><stop offset=".62" stop-color="#f0f0ef"/>
<stop offset=".66" stop-color="#dcdcda"/><stop offset=".7" stop-color="#f6f6f5"/>
<stop offset=".93" stop-color="#efefee"/><stop offset="1" stop-color="#d2d2d0"/></radialGradient></defs>
<circle cx="500" cy="500" r="380" fill="url(#p)"/>
""",
    "soap": """
<defs><linearGradient id="o" x2="0" y2="1"><stop offset="0" stop-color="#fbf7f2"/>
<stop offset=".6" stop-color="#f1ebe3"/><stop offset="1" stop-color="#d8d0c6"/></linearGradient></defs>
<rect x="180" y="380" width="640" height="330" rx="90" fill="url(#o)"/>
<path d="M330 560 h340" stroke="#d9d1c7" stroke-width="22" stroke-linecap="round"/>
""",
    "headset": """
<defs><linearGradient id="w"><stop offset="0" stop-color="#cfd0d2"/><stop offset=".35" stop-color="#f5f5f6"/>
<stop offset="1" stop-color="#c9cacc"/></linearGradient></defs>
<path d="M190 600 v-120 q0-320 310-320 t310 320 v120 h-52 v-120 q0-262-258-262 t-258 262 v120z" fill="url(#w)"/>
<g fill="#e3e4e6"><rect x="150" y="520" width="150" height="290" rx="70"/>
<rect x="700" y="520" width="150" height="290" rx="70"/></g><g fill="#bfc1c4">
<rect x="262" y="540" width="66" height="250" rx="33"/><rect x="672" y="540" width="66" height="250" rx="33"/></g>
""",
    "candle": """
<defs><linearGradient id="c"><stop offset="0" stop-color="#d8d0c0"/><stop offset=".35" stop-color="#faf6ec"/>
<stop offset="1" stop-color="#cfc7b7"/></linearGradient></defs>
<path d="M330 330 h340 v500 q0 20-20 20 h-300 q-20 0-20-20z" fill="url(#c)"/>
<ellipse cx="500" cy="330" rx="170" ry="34" fill="#f6f1e6"/>
<path d="M500 326 v-70" stroke="#4b463c" stroke-width="10"/>
""",
    "white-stool": """
<defs><linearGradient id="l"><stop offset="0" stop-color="#c9c9c7"/><stop offset=".5" stop-color="#f4f4f2"/>
<stop offset="1" stop-color="#c3c3c1"/></linearGradient></defs>
<rect x="300" y="240" width="34" height="600" fill="url(#l)"/>
<rect x="666" y="240" width="34" height="600" fill="url(#l)"/>
<rect x="320" y="600" width="360" height="24" fill="#dcdcda"/>
<rect x="240" y="190" width="520" height="70" rx="24" fill="#ededeb"/>
""",
    "white-box": """
<path d="M220 300 l280-90 280 90 v420 l-280 110 -280-110z" fill="#efeeec"/>
<path d="M220 300 l280 100 v430 l-280-110z" fill="#e4e3e0"/>
<path d="M500 400 l280-100 v420 l-280 110z" fill="#d3d2cf"/>
<path d="M220 300 l280-90 280 90 -280 100z" fill="#f7f6f4"/>
""",
}
"""As white as what they stand before."""
PRODUCTS: Final = {
    **PALE,
    "ring": RING,
    "serum": SERUM,
    "mug": MUG,
    "sneaker": SNEAKER,
    "headphones": HEADPHONES,
    "lamp": LAMP,
    "jar": JAR,
    "stool": STOOL,
    "boot": BOOT,
}
SHADOWS: Final = ("pool", "ellipse", "side", "pressed", "tight")
"""A wide soft pool about the foot; an ellipse that is darkest in its middle; one that lies to the right; the product's
own outline pressed flat and blurred; a narrow rim just below the foot."""


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
    """A studio's background, (side, side, 3), values 0-255: white, grey, tinted, warm, sweep (a gradient) or
    vignette."""
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    plain = np.ones((side, side, 3), np.float32)
    if kind == "white":
        return plain * np.float32(255)
    if kind == "grey":
        return plain * np.float32(214)
    if kind == "tinted":
        return np.asarray(plain * np.array([246, 244, 240], np.float32))
    if kind == "warm":
        return np.asarray(plain * np.array([236, 222, 205], np.float32))
    if kind == "sweep":
        return np.asarray((plain * (246 - 46 * y[..., None] ** 2)) * np.array([1, 0.99, 0.975]), np.float32)
    if kind == "vignette":
        return np.asarray(plain * (248 - 140 * ((x - 0.5) ** 2 + (y - 0.5) ** 2)[..., None]), np.float32)
    raise ValueError(kind)


def photo(
    product: str, *, on: str = "white", shadow: str = "", darkness: float = 0.4, grain: float = 0.0, side: int = 1000
) -> bytes:
    """A JPEG of a product before a background, as a shop's photographer would have taken it: with one of SHADOWS, or
    none, that takes at most this share of the background's value."""
    cut = drawn(product, side).astype(np.float32)
    alpha = np.asarray(cut[..., 3:] / np.float32(255))
    ground = backdrop(on, side)
    if shadow:
        ground = ground * (1 - darkness * _shadow(alpha[..., 0], shadow))[..., None]
    picture = ground * (1 - alpha) + cut[..., :3] * alpha
    picture += np.random.default_rng(7).normal(0, grain, picture.shape)
    out = io.BytesIO()
    Image.fromarray(np.clip(np.rint(picture), 0, 255).astype(np.uint8)).save(out, "JPEG", quality=92)
    return out.getvalue()


def _shadow(alpha: NDArray[np.float32], kind: str) -> NDArray[np.float32]:
    """One of SHADOWS at the product's foot: 0-1, its darkest pixel being 1."""
    side = len(alpha)
    rows, columns = np.flatnonzero(alpha.max(axis=1) > 0.5), np.flatnonzero(alpha.max(axis=0) > 0.5)
    foot, middle, wide = int(rows[-1]), float(columns.mean()), float(columns[-1] - columns[0]) * 0.55
    y, x = np.mgrid[0:side, 0:side].astype(np.float32)
    if kind == "pool":
        pool = ((x - middle) / wide) ** 2 + ((y - foot) / (0.05 * side)) ** 2 < 1
        made = _blurred(pool.astype(np.float32), side * 0.03)
    elif kind == "ellipse":
        made = np.clip(1 - np.hypot((x - middle) / (1.1 * wide), (y - foot - 0.01 * side) / (0.045 * side)), 0, 1)
    elif kind == "side":
        lying = ((x - middle - 0.45 * wide) / wide) ** 2 + ((y - foot + 0.01 * side) / (0.03 * side)) ** 2 < 1
        made = _blurred(lying.astype(np.float32), side * 0.014)
    elif kind == "pressed":
        tall = foot - int(rows[0])
        source = np.clip(foot - (foot + 0.015 * side - y[:, 0]) * tall / (0.06 * side), 0, side - 1).astype(int)
        made = np.where((y < foot + 0.015 * side) & (y > foot - 0.045 * side), alpha[source], 0)
        made = _blurred(made, side * 0.01)
    elif kind == "tight":
        down = round(0.008 * side)
        made = np.zeros_like(alpha)
        made[down:] = alpha[:-down]
        made = _blurred(made * (y > foot - 0.05 * side), side * 0.007)
    else:
        raise ValueError(kind)
    return np.asarray(made / made.max(), np.float32)


def _blurred(values: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    from PIL import ImageFilter

    soft = Image.fromarray(np.rint(values * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(np.asarray(soft, np.float32) / np.float32(255))
