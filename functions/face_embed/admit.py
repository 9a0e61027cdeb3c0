"""What the build of the vision image asks before it carries packs: `python3 admit.py FOLDER yes|no ENGINES`.

FOLDER is a pack or holds packs; yes says that the terms of weights for research alone are known and kept to; ENGINES,
with commas between, are in the image beside onnx.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from darkroom.adapters.vision.faces.packs import MANIFEST, read_pack
from darkroom.domain.faces import Licence
from darkroom.errors import NoModelError

if TYPE_CHECKING:
    from collections.abc import Collection


def refusals(folder: Path, *, accepted: bool, engines: Collection[str] = ()) -> list[str]:
    """Why these packs may not be carried, one line a reason, each with what mends it."""
    told = []
    found = sorted({path.parent for kind in (MANIFEST, "*.onnx") for path in folder.rglob(kind)})
    for each in found:
        try:
            pack = read_pack(each)
        except NoModelError as error:
            told.append(f"{error.detail}. {error.fix}")
            continue
        if damaged := pack.damaged():
            told.append(f"{damaged} of the pack {pack.name} is not what was prepared. Prepare the pack anew.")
        if pack.detector.layout == "yunet" and "yunet" not in engines:
            told.append(
                f"The pack {pack.name} finds faces by YuNet, which needs OpenCV. Build with FaceEngines=yunet (build "
                "argument ENGINES=yunet)."
            )
        if pack.licence is not Licence.COMMERCIAL and not accepted:
            told.append(
                f"The weights of the pack {pack.name} are for non-commercial use alone: {pack.licence_text} "
                f"({pack.licence_url}). Build with AcceptModelLicence=yes (build argument ACCEPT_MODEL_LICENCE=yes) if "
                "that is what the image is for, or with a pack that may be sold."
            )
    return told


if __name__ == "__main__":
    sys.exit(
        "\n".join(refusals(Path(sys.argv[1]), accepted=sys.argv[2] == "yes", engines=sys.argv[3].split(","))) or None
    )
