//! A file as the runtime and the plan can take it: what is constant is computed once, what changes nothing goes.
//!
//! Lives here: [`simplify`] and [`portable`] (weights that lie in blocks of eight bits become floats, `Dropout` goes, weights stop being
//! inputs) and [`fold_batch_norms`]. Not here: how a network is cut into steps (`plan`).

use crate::onnx::{attribute, floats, is_on};
use rten_onnx::onnx::{
    DataType, Dimension, GraphProto, ModelProto, NodeProto, TensorProto, TensorShapeProto, TypeProto,
    TypeProtoTensor, ValueInfoProto,
};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

/// Rewrites a file whose constants the runtime does not take as they lie there. A file that needs nothing, or that cannot
/// be read, comes back as it is.
///
/// What is done, none of which changes an answer:
/// - `DequantizeLinear` of constants, by tensor, by axis or in blocks (ONNX operator set 21), and `Reshape` of a constant
///   by a constant, are computed;
/// - `Dropout`, which does nothing outside of training, is left out;
/// - weights that are listed as inputs too (as old files do), and inputs that nothing reads, are inputs no longer; what is
///   left of the inputs has no fixed size: a network of convolutions takes any that its caller's shape says.
pub(super) fn simplify(onnx: Vec<u8>) -> Vec<u8> {
    let Ok(mut file) = ModelProto::parse_buf(&onnx) else { return onnx };
    let Some(mut graph) = file.graph.take() else { return onnx };
    if !compute_constants(&mut graph) {
        return onnx;
    }
    file.graph = Some(graph);
    file.write_buf().unwrap_or(onnx)
}

/// The same for another runtime, which wants to be told the size of the input. `None` where the file cannot be read.
pub(crate) fn portable(onnx: &[u8], shape: [usize; 4]) -> Option<Vec<u8>> {
    let mut file = ModelProto::parse_buf(onnx).ok()?;
    let mut graph = file.graph.take()?;
    compute_constants(&mut graph);
    let sides = shape.iter().map(|side| Dimension { dim_value: i64::try_from(*side).ok(), dim_param: None });
    let sides = TensorShapeProto { dim: sides.collect() };
    for input in &mut graph.input {
        let tensor = TypeProtoTensor { elem_type: Some(DataType::FLOAT), shape: Some(sides.clone()) };
        input.r#type = Some(TypeProto { tensor_type: Some(tensor), sequence: None });
    }
    for output in &mut graph.output {
        if let Some(tensor) = output.r#type.as_mut().and_then(|kind| kind.tensor_type.as_mut()) {
            tensor.shape = None;
        }
    }
    graph.value_info.clear();
    file.graph = Some(graph);
    file.write_buf().ok()
}

/// Whether anything was changed.
fn compute_constants(graph: &mut GraphProto) -> bool {
    let mut known = constants(graph);
    let before = (graph.node.len(), graph.input.len());
    let mut renamed: HashMap<String, String> = HashMap::new();
    let mut kept = Vec::with_capacity(graph.node.len());
    for mut node in std::mem::take(&mut graph.node) {
        for name in &mut node.input {
            if let Some(source) = renamed.get(name) {
                name.clone_from(source);
            }
        }
        let computed = match node.op_type.as_deref() {
            Some("DequantizeLinear") => dequantised(&node, &known),
            Some("Reshape") => reshaped(&node, &known),
            Some("Dropout") => {
                // The second output, a mask, is never asked for outside of training.
                if let (Some(from), [to]) = (node.input.first(), node.output.as_slice())
                    && !graph.output.iter().any(|output| output.name.as_ref() == Some(to))
                {
                    renamed.insert(to.clone(), from.clone());
                    continue;
                }
                None
            }
            _ => None,
        };
        match (computed, node.output.first()) {
            (Some(mut tensor), Some(name)) => {
                tensor.name = Some(name.clone());
                known.insert(name.clone(), tensor);
            }
            _ => kept.push(node),
        }
    }
    graph.node = kept;
    let read: HashSet<&str> = reads(&graph.node, &graph.output).collect();
    let asked = |name: &String| read.contains(name.as_str()) && !known.contains_key(name);
    graph.input.retain(|input| input.name.as_ref().is_none_or(asked));
    let sized = graph.input.iter_mut().filter_map(|input| input.r#type.take()).count();
    let changed = before != (graph.node.len(), graph.input.len()) || sized > 0;
    if changed {
        keep_constants(graph, known);
    }
    changed
}

/// The weights of a graph, by name.
fn constants(graph: &GraphProto) -> HashMap<String, TensorProto> {
    graph.initializer.iter().filter_map(|tensor| Some((tensor.name.clone()?, tensor.clone()))).collect()
}

/// Every value that a layer reads or that is asked for, as often as it is.
fn reads<'a>(nodes: &'a [NodeProto], outputs: &'a [ValueInfoProto]) -> impl Iterator<Item = &'a str> {
    let inputs = nodes.iter().flat_map(|node| node.input.iter().map(String::as_str));
    inputs.chain(outputs.iter().filter_map(|output| output.name.as_deref()))
}

/// Puts those of the weights into a graph that it still reads.
fn keep_constants(graph: &mut GraphProto, mut tensors: HashMap<String, TensorProto>) {
    let read: HashSet<&str> = reads(&graph.node, &graph.output).collect();
    tensors.retain(|name, _| read.contains(name.as_str()));
    graph.initializer = tensors.into_values().collect();
    // The order of a map is no order: the same file gives the same bytes.
    graph.initializer.sort_by(|a, b| a.name.cmp(&b.name));
}

fn tensor_of(dims: Vec<i64>, numbers: &[f32]) -> TensorProto {
    let bytes = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    TensorProto {
        dims,
        data_type: Some(DataType::FLOAT),
        raw_data: Some(RefCell::new(bytes)),
        ..TensorProto::default()
    }
}

/// Eight-bit numbers of a tensor, with or without sign.
fn eight_bits(tensor: &TensorProto) -> Option<Vec<f32>> {
    let signed = match tensor.data_type? {
        DataType::INT8 => true,
        DataType::UINT8 => false,
        _ => return None,
    };
    let number = |byte: u8| if signed { f32::from(byte.cast_signed()) } else { f32::from(byte) };
    match &tensor.raw_data {
        Some(raw) => Some(raw.borrow().iter().map(|byte| number(*byte)).collect()),
        None => tensor.int32_data.iter().map(|value| Some(f32::from(i16::try_from(*value).ok()?))).collect(),
    }
}

fn integers(tensor: &TensorProto) -> Option<Vec<i64>> {
    if tensor.data_type? != DataType::INT64 {
        return None;
    }
    Some(match &tensor.raw_data {
        Some(raw) => raw.borrow().as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect(),
        None => tensor.int64_data.clone(),
    })
}

fn sides(tensor: &TensorProto) -> Option<Vec<usize>> {
    tensor.dims.iter().map(|side| usize::try_from(*side).ok()).collect()
}

/// How many numbers share a scale.
enum Sharing {
    Tensor,
    /// Each place along the axis has its own, whatever lies before and after.
    Axis,
    /// So many places along the axis share one; every other axis has its own.
    Block(usize),
}

/// `y = (x - zero point) * scale` (ONNX, `DequantizeLinear`), where all of it is constant.
fn dequantised(node: &NodeProto, known: &HashMap<String, TensorProto>) -> Option<TensorProto> {
    let find = |index: usize| known.get(node.input.get(index)?);
    let number = |name: &str| attribute(node, name)?.i;
    let (quantised, scales) = (find(0)?, find(1)?);
    let (numbers, shape, scale) = (eight_bits(quantised)?, sides(quantised)?, floats(scales));
    let zeros = match node.input.get(2).map(String::as_str) {
        None | Some("") => vec![0.0; scale.len()],
        Some(_) => eight_bits(find(2)?)?,
    };
    let axis = number("axis").unwrap_or(1);
    let axis = if axis < 0 { axis.checked_add(i64::try_from(shape.len()).ok()?)? } else { axis };
    let axis = usize::try_from(axis).ok()?;
    let sharing = match usize::try_from(number("block_size").unwrap_or(0)).ok()? {
        0 if scale.len() == 1 => Sharing::Tensor,
        0 => Sharing::Axis,
        block => Sharing::Block(block),
    };
    // A tensor by one scale may have fewer sides than the default axis says.
    let side = if matches!(sharing, Sharing::Tensor) { 1 } else { *shape.get(axis)? };
    let inner: usize = shape.get(axis + 1..).unwrap_or_default().iter().product();
    let (side, inner) = (side.max(1), inner.max(1));
    let along = match sharing {
        Sharing::Tensor | Sharing::Axis => side,
        Sharing::Block(block) => side.div_ceil(block),
    };
    let expected = match sharing {
        Sharing::Tensor => 1,
        Sharing::Axis => side,
        Sharing::Block(_) => numbers.len() / (side * inner) * along * inner,
    };
    let fits = numbers.len() == shape.iter().product::<usize>();
    if !fits || scale.len() != expected || zeros.len() != expected {
        return None;
    }
    let which = |index: usize| match sharing {
        Sharing::Tensor => 0,
        Sharing::Axis => index / inner % side,
        Sharing::Block(block) => {
            (index / (side * inner) * along + index / inner % side / block) * inner + index % inner
        }
    };
    let scaled = numbers.iter().enumerate().map(|(index, number)| {
        let which = which(index);
        Some((number - zeros.get(which)?) * scale.get(which)?)
    });
    Some(tensor_of(quantised.dims.clone(), &scaled.collect::<Option<Vec<f32>>>()?))
}

/// `Reshape` of a constant of floats by a constant.
fn reshaped(node: &NodeProto, known: &HashMap<String, TensorProto>) -> Option<TensorProto> {
    let (tensor, wanted) = (known.get(node.input.first()?)?, integers(known.get(node.input.get(1)?)?)?);
    if tensor.data_type? != DataType::FLOAT || is_on(node, "allowzero") {
        return None;
    }
    let numbers = floats(tensor);
    let copied =
        |(index, side): (usize, &i64)| if *side == 0 { tensor.dims.get(index).copied() } else { Some(*side) };
    let mut dims: Vec<i64> = wanted.iter().enumerate().map(copied).collect::<Option<_>>()?;
    let others: i64 = dims.iter().filter(|side| **side != -1).product();
    for side in dims.iter_mut().filter(|side| **side == -1) {
        *side = i64::try_from(numbers.len()).ok()?.checked_div(others)?;
    }
    let count: i64 = dims.iter().try_fold(1_i64, |product, side| product.checked_mul(*side))?;
    (usize::try_from(count).ok()? == numbers.len()).then(|| tensor_of(dims, &numbers))
}

/// A batch normalisation after a convolution that nothing else reads becomes part of its weights: so the convolution's
/// activation stands right behind it. Numbers change by rounding alone.
pub(super) fn fold_batch_norms(graph: &mut GraphProto) {
    let mut tensors = constants(graph);
    let mut uses: HashMap<String, usize> = HashMap::new();
    for name in reads(&graph.node, &graph.output) {
        *uses.entry(name.to_owned()).or_default() += 1;
    }
    let maker: HashMap<String, usize> = graph
        .node
        .iter()
        .enumerate()
        .flat_map(|(index, node)| node.output.iter().map(move |name| (name.clone(), index)))
        .collect();
    let mut gone: HashSet<usize> = HashSet::new();
    for index in 0..graph.node.len() {
        let Some(folded) = folded(graph, index, &maker, &uses, &tensors) else { continue };
        let Folded { convolution, weights, bias } = folded;
        let Some(output) = graph.node.get(index).and_then(|node| node.output.first()).cloned() else {
            continue;
        };
        let (weight_name, bias_name) = (format!("{output} weights"), format!("{output} bias"));
        let Some(node) = graph.node.get_mut(convolution) else { continue };
        node.input.truncate(1);
        node.input.extend([weight_name.clone(), bias_name.clone()]);
        node.output = vec![output];
        tensors.insert(weight_name.clone(), TensorProto { name: Some(weight_name), ..weights });
        tensors.insert(bias_name.clone(), TensorProto { name: Some(bias_name), ..bias });
        gone.insert(index);
    }
    if gone.is_empty() {
        return;
    }
    let mut place = 0;
    graph.node.retain(|_| {
        place += 1;
        !gone.contains(&(place - 1))
    });
    keep_constants(graph, tensors);
}

struct Folded {
    convolution: usize,
    weights: TensorProto,
    bias: TensorProto,
}

fn folded(
    graph: &GraphProto,
    index: usize,
    maker: &HashMap<String, usize>,
    uses: &HashMap<String, usize>,
    tensors: &HashMap<String, TensorProto>,
) -> Option<Folded> {
    let norm = graph.node.get(index)?;
    if norm.op_type.as_deref() != Some("BatchNormalization") || norm.output.len() != 1 {
        return None;
    }
    let [input, gamma, beta, mean, variance] = norm.input.as_slice() else { return None };
    if is_on(norm, "training_mode") || uses.get(input) != Some(&1) {
        return None;
    }
    let convolution = *maker.get(input)?;
    let node = graph.node.get(convolution)?;
    if node.op_type.as_deref() != Some("Conv") {
        return None;
    }
    let constant = |name: &String| tensors.get(name).map(floats);
    let (gamma, beta, mean, variance) =
        (constant(gamma)?, constant(beta)?, constant(mean)?, constant(variance)?);
    let epsilon = attribute(norm, "epsilon").and_then(|a| a.f);
    let epsilon = epsilon.unwrap_or(1e-5);
    let weights = tensors.get(node.input.get(1)?)?;
    let channels = usize::try_from(*weights.dims.first()?).ok()?;
    let old_bias = match node.input.get(2) {
        Some(name) => constant(name)?,
        None => vec![0.0; channels],
    };
    let numbers = floats(weights);
    let each = numbers.len().checked_div(channels)?;
    let lengths = [gamma.len(), beta.len(), mean.len(), variance.len(), old_bias.len()];
    if each == 0 || each * channels != numbers.len() || lengths.iter().any(|length| *length != channels) {
        return None;
    }
    let factors: Vec<f32> =
        gamma.iter().zip(&variance).map(|(gamma, variance)| gamma / (variance + epsilon).sqrt()).collect();
    let scaled: Vec<f32> = numbers
        .chunks_exact(each)
        .zip(&factors)
        .flat_map(|(kernel, factor)| kernel.iter().map(move |weight| weight * factor))
        .collect();
    let bias: Vec<f32> = old_bias
        .iter()
        .zip(&factors)
        .zip(beta.iter().zip(&mean))
        .map(|((bias, factor), (beta, mean))| (bias - mean) * factor + beta)
        .collect();
    Some(Folded {
        convolution,
        weights: tensor_of(weights.dims.clone(), &scaled),
        bias: tensor_of(vec![i64::try_from(channels).ok()?], &bias),
    })
}
