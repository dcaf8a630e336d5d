//! Weights and settings as they lie in an ONNX file: for the template basis, and for layers that are computed here.

use rten_onnx::onnx::{AttributeProto, NodeProto, TensorProto};

/// The numbers of a tensor that lies in the file itself.
pub(crate) fn floats(tensor: &TensorProto) -> Vec<f32> {
    match &tensor.raw_data {
        Some(raw) => raw.borrow().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        None => tensor.float_data.clone(),
    }
}

/// The setting of a layer that has this name.
pub(crate) fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
}

/// Whether that setting is the number 1.
pub(crate) fn is_on(node: &NodeProto, name: &str) -> bool {
    attribute(node, name).is_some_and(|attribute| attribute.i == Some(1))
}
