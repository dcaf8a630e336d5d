"""Cosines of each two crops in a folder, by ONNX Runtime: see ../faces/reference.rs."""
import pathlib
import sys

import numpy
import onnxruntime

folder = pathlib.Path(sys.argv[1])
session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
units = []
for file in sorted(folder.glob("*.f32")):
    crop = numpy.fromfile(file, dtype="<f4").reshape(1, 3, 112, 112)
    numbers = session.run(None, {name: crop})[0].reshape(-1).astype("f8")
    units.append(numbers / numpy.linalg.norm(numbers))
for i, a in enumerate(units):
    for b in units[:i]:
        print(f"{a @ b:.6f}")
