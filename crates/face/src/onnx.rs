//! Weights as they lie in an ONNX file: for the template basis, and for layers that are computed here.

use rten_onnx::onnx::TensorProto;

/// The numbers of a tensor that lies in the file itself.
pub(crate) fn floats(tensor: &TensorProto) -> Vec<f32> {
    match &tensor.raw_data {
        Some(raw) => raw.borrow().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        None => tensor.float_data.clone(),
    }
}
