"""How far two faces are apart: runs in a process of its own (`jiwar.documents.confined`).

dlib's network of 2017 (public domain) on faces aligned by five points. The predictor of 68 points lies beside it in the
package and is not used: its training data are for research alone.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jiwar.documents.confined import JobFailed
from jiwar.documents.jobs.picture import decoded

SMALLEST, LARGEST = 500, 1_200
"""Pixels of the longer side in which faces are looked for: a seal's face has a hundred."""


def work(_told: dict[str, Any], parts: list[bytes]) -> dict[str, Any]:
    """`{"distance"}` between the one face of each picture, live first; raises with the part's name as detail."""
    pictures = [decoded(part) for part in parts]
    import dlib
    import numpy as np

    spec = find_spec("face_recognition_models")
    assert spec is not None
    assert spec.submodule_search_locations
    # By path: to import the package asks setuptools for what it no longer has.
    folder = Path(spec.submodule_search_locations[0]) / "models"
    detector = dlib.get_frontal_face_detector()
    points = dlib.shape_predictor(str(folder / "shape_predictor_5_face_landmarks.dat"))
    network = dlib.face_recognition_model_v1(str(folder / "dlib_face_recognition_resnet_model_v1.dat"))

    def described(picture: Any, name: str) -> Any:
        pixels = np.asarray(_sized(picture))
        found = detector(pixels, 1)
        if len(found) != 1:
            raise JobFailed("face_several" if found else "face_none", name)
        return np.array(network.compute_face_descriptor(pixels, points(pixels, found[0])))

    live, document = (described(picture, name) for picture, name in zip(pictures, ("live", "reference"), strict=True))
    return {"distance": float(np.linalg.norm(live - document))}


def _sized(picture: Any) -> Any:
    from PIL import Image

    longer = max(picture.size)
    scale = max(SMALLEST / longer, 1.0) * min(LARGEST / longer, 1.0)
    if scale == 1.0:
        return picture
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Image.Resampling.BICUBIC)
