//! The order in which a network's layers are computed: convolutions of few channels directly, all between them as
//! smaller networks by the runtime.
//!
//! Lives here: cutting an ONNX graph, `Plan`. Not here: how a layer is convolved (`direct`), whether the plan answers as
//! the whole network does (`network`).

use super::direct::{Direct, Window};
use super::simplify::fold_batch_norms;
use crate::onnx::{attribute, floats};
use rten::{Model, ModelOptions, NodeId, RunOptions, ThreadPool, Value, ValueOrView};
use rten_onnx::onnx::{AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// With more input channels than this, the runtime's products of matrices are quicker.
const FEW_CHANNELS: i64 = 16;

/// Kernels, strides, dilations and pads beyond this are no sensible network's.
const MOST_PIXELS: i64 = 64;

/// Steps and the values that pass between them.
pub(super) struct Plan {
    steps: Vec<Step>,
    /// How many values there are; the first is the input.
    values: usize,
    outputs: Vec<usize>,
}

struct Step {
    work: Work,
    from: Vec<usize>,
    to: Vec<usize>,
    /// Values that no later step asks for.
    last_use: Vec<usize>,
}

enum Work {
    Runtime { model: Box<Model>, inputs: Vec<NodeId>, outputs: Vec<NodeId> },
    Direct(Direct),
}

impl Plan {
    /// The whole network as one step.
    pub(super) fn whole(onnx: Vec<u8>, outputs: &[Option<&str>]) -> Result<Self, &'static str> {
        let model = load(onnx).ok_or("it is no network that the runtime can run")?;
        let input = *model.input_ids().first().ok_or("it has no input")?;
        let ids = outputs.iter().map(|name| match name {
            Some(name) => model.find_node(name),
            None => model.output_ids().first().copied(),
        });
        let ids: Vec<NodeId> = ids.collect::<Option<_>>().ok_or("it lacks an output")?;
        let to: Vec<usize> = (1..=ids.len()).collect();
        let work = Work::Runtime { model, inputs: vec![input], outputs: ids };
        let step = Step { work, from: vec![0], to: to.clone(), last_use: vec![0] };
        Ok(Self { steps: vec![step], values: to.len() + 1, outputs: to })
    }

    /// The network in steps. `None` where the file holds something that is not known to be cut safely.
    pub(super) fn cut(onnx: &[u8], outputs: &[Option<&str>]) -> Option<Self> {
        let mut file = ModelProto::parse_buf(onnx).ok()?;
        let mut graph = file.graph.take()?;
        fold_batch_norms(&mut graph);
        let graph = Graph::of(&graph, outputs)?;
        let waves = graph.waves()?;
        let mut plan = Draft { numbers: HashMap::from([(graph.input, 0)]), steps: Vec::new() };
        for wave in 0..=waves.last {
            if let Some(part) = graph.part(&waves, wave) {
                file.graph = Some(part.graph);
                let model = load(file.write_buf().ok()?)?;
                let ids = |names: &[&str]| {
                    names.iter().map(|name| model.find_node(name)).collect::<Option<Vec<_>>>()
                };
                let (inputs, outputs) = (ids(&part.inputs)?, ids(&part.outputs)?);
                plan.add(Work::Runtime { model, inputs, outputs }, &part.inputs, &part.outputs)?;
            }
            for layer in graph.layers.iter().filter(|layer| waves.of(layer.from) == wave) {
                plan.add(Work::Direct(layer.direct.clone()), &[layer.from], &[layer.to])?;
            }
        }
        plan.finish(&graph.outputs)
    }

    /// In how many steps a network is computed, and how many of them are ours.
    pub(super) fn counts(&self) -> (usize, usize) {
        let ours = self.steps.iter().filter(|step| matches!(step.work, Work::Direct(_))).count();
        (self.steps.len(), ours)
    }

    /// Runs all steps on one thread of `pool`. `None` where a step fails.
    pub(super) fn run(&self, input: Value, pool: &Arc<ThreadPool>) -> Option<Vec<Value>> {
        pool.run(|| {
            let mut values: Vec<Option<Value>> = Vec::new();
            values.resize_with(self.values, || None);
            *values.first_mut()? = Some(input);
            for step in &self.steps {
                let made = step.run(&values, pool)?;
                for (made, place) in made.into_iter().zip(&step.to) {
                    *values.get_mut(*place)? = Some(made);
                }
                for place in &step.last_use {
                    *values.get_mut(*place)? = None;
                }
            }
            self.outputs.iter().map(|place| values.get_mut(*place)?.take()).collect()
        })
    }
}

impl Step {
    fn run(&self, values: &[Option<Value>], pool: &Arc<ThreadPool>) -> Option<Vec<Value>> {
        let given: Vec<&Value> =
            self.from.iter().map(|place| values.get(*place)?.as_ref()).collect::<Option<_>>()?;
        match &self.work {
            Work::Runtime { model, inputs, outputs } => {
                let views = given.into_iter().map(|value| ValueOrView::from(value.as_view()));
                let options = RunOptions::default().with_thread_pool(Some(Arc::clone(pool)));
                model.run(inputs.iter().copied().zip(views).collect(), outputs, Some(options)).ok()
            }
            Work::Direct(layer) => {
                let [Value::FloatTensor(tensor)] = given.as_slice() else { return None };
                let [1, shape @ ..] = tensor.shape() else { return None };
                let tensor = tensor.to_contiguous();
                let convolved = layer.run(tensor.data(), shape.try_into().ok()?)?;
                let [channels, height, width] = convolved.shape;
                Some(vec![Tensor::from_data(&[1, channels, height, width], convolved.numbers).into()])
            }
        }
    }
}

fn load(onnx: Vec<u8>) -> Option<Box<Model>> {
    ModelOptions::with_all_ops().prepack_weights(true).load(onnx).ok().map(Box::new)
}

/// A convolution of ours: from the value it reads to the one that it, or the activation after it, makes.
struct Layer<'a> {
    direct: Direct,
    from: &'a str,
    to: &'a str,
    /// No activation belongs to it yet.
    bare: bool,
}

/// A graph as it is cut. Constants are no values of it: each part has those that it needs.
struct Graph<'a> {
    input: &'a str,
    outputs: Vec<&'a str>,
    constants: HashMap<&'a str, &'a NodeProto>,
    weights: HashMap<&'a str, &'a TensorProto>,
    layers: Vec<Layer<'a>>,
    /// What the runtime computes, in an order in which it can be computed.
    others: Vec<&'a NodeProto>,
}

/// How many of our layers a value lies behind.
struct Waves<'a> {
    waves: HashMap<&'a str, usize>,
    last: usize,
}

impl Waves<'_> {
    fn of(&self, name: &str) -> usize {
        self.waves.get(name).copied().unwrap_or(usize::MAX)
    }
}

/// One smaller network.
struct Part<'a> {
    graph: GraphProto,
    inputs: Vec<&'a str>,
    outputs: Vec<&'a str>,
}

impl<'a> Graph<'a> {
    fn of(graph: &'a GraphProto, wanted: &[Option<&'a str>]) -> Option<Self> {
        let weights: HashMap<&str, &TensorProto> =
            graph.initializer.iter().filter_map(|tensor| Some((tensor.name.as_deref()?, tensor))).collect();
        let mut inputs = graph.input.iter().filter_map(|value| value.name.as_deref());
        let input = inputs.find(|name| !weights.contains_key(name))?;
        let first = graph.output.first()?.name.as_deref()?;
        let outputs: Vec<&str> = wanted.iter().map(|name| name.unwrap_or(first)).collect();
        let mut uses: HashMap<&str, usize> = HashMap::new();
        let nodes = asked_for(graph, &outputs);
        let read = nodes.iter().flat_map(|node| node.input.iter().map(String::as_str));
        for name in read.chain(outputs.iter().copied()) {
            *uses.entry(name).or_default() += 1;
        }
        let (mut constants, mut layers, mut others) = (HashMap::new(), Vec::<Layer>::new(), Vec::new());
        for node in nodes {
            // What a body of its own reads from outside is not among a node's inputs.
            if node.attribute.iter().any(|attribute| attribute.g.is_some()) {
                return None;
            }
            let (from, to) = (node.input.first().map(String::as_str), node.output.first()?.as_str());
            let before = layers
                .last_mut()
                .filter(|layer| layer.bare && Some(layer.to) == from && uses.get(layer.to) == Some(&1));
            if node.op_type.as_deref() == Some("Constant") {
                constants.insert(to, node);
            } else if let Some(direct) = convolution(node, &weights) {
                layers.push(Layer { direct, from: from?, to, bare: true });
            } else if let (Some(layer), Some(slopes)) = (before, activation(node, &weights)) {
                layer.direct.slopes = slopes.spread(layer.direct.bias.len())?;
                (layer.to, layer.bare) = (to, false);
            } else {
                others.push(node);
            }
        }
        Some(Self { input, outputs, constants, weights, layers, others })
    }

    /// The values that a node reads, without constants and inputs left out.
    fn read(&self, node: &'a NodeProto) -> impl Iterator<Item = &'a str> {
        let names = node.input.iter().map(String::as_str);
        names.filter(|name| {
            !name.is_empty() && !self.weights.contains_key(name) && !self.constants.contains_key(name)
        })
    }

    fn waves(&self) -> Option<Waves<'a>> {
        let mut waves = HashMap::from([(self.input, 0)]);
        let (mut layers, mut others) = (self.layers.iter().peekable(), self.others.iter().peekable());
        // Both lists are in an order of computation; what is next in one waits for the other at most.
        loop {
            let known = waves.len();
            while let Some(layer) = layers.next_if(|layer| waves.contains_key(layer.from)) {
                let wave = waves.get(layer.from)? + 1;
                waves.insert(layer.to, wave);
            }
            while let Some(node) = others.next_if(|node| self.read(node).all(|name| waves.contains_key(name)))
            {
                let wave = self.read(node).filter_map(|name| waves.get(name)).max().copied().unwrap_or(0);
                waves.extend(node.output.iter().map(|name| (name.as_str(), wave)));
            }
            if layers.peek().is_none() && others.peek().is_none() {
                let last = waves.values().max().copied().unwrap_or(0);
                return Some(Waves { waves, last });
            }
            if waves.len() == known {
                return None;
            }
        }
    }

    fn part(&self, waves: &Waves<'a>, wave: usize) -> Option<Part<'a>> {
        let within = |node: &NodeProto| node.output.first().is_some_and(|name| waves.of(name) == wave);
        let nodes: Vec<&NodeProto> = self.others.iter().copied().filter(|node| within(node)).collect();
        if nodes.is_empty() {
            return None;
        }
        let made: HashSet<&str> =
            nodes.iter().flat_map(|node| node.output.iter().map(String::as_str)).collect();
        let later = self.others.iter().filter(|node| !within(node)).flat_map(|node| self.read(node));
        let asked: HashSet<&str> = later
            .chain(self.layers.iter().map(|layer| layer.from))
            .chain(self.outputs.iter().copied())
            .collect();
        let mut inputs: Vec<&str> = Vec::new();
        for name in nodes.iter().flat_map(|node| self.read(node)).filter(|name| !made.contains(name)) {
            if !inputs.contains(&name) {
                inputs.push(name);
            }
        }
        let all = nodes.iter().flat_map(|node| node.output.iter().map(String::as_str));
        let outputs: Vec<&str> = all.filter(|name| asked.contains(name)).collect();
        let named: HashSet<&str> =
            nodes.iter().flat_map(|node| node.input.iter().map(String::as_str)).collect();
        let constants = self.constants.iter().filter(|(name, _)| named.contains(*name));
        let weights = self.weights.iter().filter(|(name, _)| named.contains(*name));
        let values = |names: &[&str]| names.iter().map(|name| value(name)).collect();
        let graph = GraphProto {
            node: constants.map(|(_, node)| *node).chain(nodes.iter().copied()).cloned().collect(),
            initializer: weights.map(|(_, tensor)| (*tensor).clone()).collect(),
            input: values(&inputs),
            output: values(&outputs),
            value_info: Vec::new(),
        };
        Some(Part { graph, inputs, outputs })
    }
}

/// The nodes without which the outputs cannot be made, in their order.
fn asked_for<'a>(graph: &'a GraphProto, outputs: &[&'a str]) -> Vec<&'a NodeProto> {
    let mut asked: HashSet<&str> = outputs.iter().copied().collect();
    let mut nodes: Vec<&NodeProto> = Vec::new();
    for node in graph.node.iter().rev() {
        if node.output.iter().any(|name| asked.contains(name.as_str())) {
            asked.extend(node.input.iter().map(String::as_str));
            nodes.push(node);
        }
    }
    nodes.reverse();
    nodes
}

fn value(name: &str) -> ValueInfoProto {
    ValueInfoProto { name: Some(name.to_owned()), r#type: None }
}

/// The convolutions that are computed directly: few input channels.
fn convolution(node: &NodeProto, tensors: &HashMap<&str, &TensorProto>) -> Option<Direct> {
    if node.op_type.as_deref() != Some("Conv") {
        return None;
    }
    let padded = attribute(node, "auto_pad").and_then(|a| a.s.as_deref());
    if !matches!(padded, None | Some("NOTSET")) {
        return None;
    }
    let (weights, bias) = match node.input.as_slice() {
        [_, weights] => (tensors.get(weights.as_str())?, None),
        [_, weights, bias] => (tensors.get(weights.as_str())?, Some(tensors.get(bias.as_str())?)),
        _ => return None,
    };
    let [outputs, inputs @ 1..=FEW_CHANNELS, height @ 1..=MOST_PIXELS, width @ 1..=MOST_PIXELS] =
        *weights.dims.as_slice()
    else {
        return None;
    };
    let numbers = floats(weights);
    let count = usize::try_from(outputs).ok()?;
    let groups = usize::try_from(attribute(node, "group").and_then(|a| a.i).unwrap_or(1)).ok()?;
    let window = Window {
        kernel: [usize::try_from(height).ok()?, usize::try_from(width).ok()?],
        strides: integers(attribute(node, "strides"), 1)?,
        dilations: integers(attribute(node, "dilations"), 1)?,
        pads: integers(attribute(node, "pads"), 0)?,
    };
    let positive = window.strides.iter().chain(&window.dilations).all(|v| *v > 0);
    let inputs = usize::try_from(inputs).ok()?;
    let [height, width] = window.kernel;
    let bias = bias.map_or_else(|| vec![0.0; count], |bias| floats(bias));
    let fits = count.checked_mul(inputs * height * width) == Some(numbers.len())
        && bias.len() == count
        && count > 0
        && count.checked_rem(groups) == Some(0);
    (positive && fits).then(|| Direct {
        window,
        inputs,
        outputs: count / groups,
        weights: numbers,
        bias,
        slopes: vec![1.0; count],
    })
}

/// What a negative number is multiplied with.
enum Slopes {
    Same(f32),
    Each(Vec<f32>),
}

impl Slopes {
    fn spread(self, count: usize) -> Option<Vec<f32>> {
        match self {
            Self::Same(slope) => Some(vec![slope; count]),
            Self::Each(slopes) => (slopes.len() == count).then_some(slopes),
        }
    }
}

fn activation(node: &NodeProto, tensors: &HashMap<&str, &TensorProto>) -> Option<Slopes> {
    match node.op_type.as_deref()? {
        "Relu" => Some(Slopes::Same(0.0)),
        "PRelu" => {
            let slopes = tensors.get(node.input.get(1)?.as_str())?;
            let numbers = floats(slopes);
            match (slopes.dims.as_slice(), numbers.as_slice()) {
                (_, [slope]) => Some(Slopes::Same(*slope)),
                // A slope a channel; along another axis it would mean something else.
                ([_, 1, 1], _) => Some(Slopes::Each(numbers)),
                _ => None,
            }
        }
        _ => None,
    }
}

fn integers<const N: usize>(attribute: Option<&AttributeProto>, absent: usize) -> Option<[usize; N]> {
    match attribute {
        None => Some([absent; N]),
        Some(attribute) => {
            let given: Vec<usize> = attribute
                .ints
                .iter()
                .map(|v| usize::try_from(*v).ok().filter(|_| *v <= MOST_PIXELS))
                .collect::<Option<_>>()?;
            given.try_into().ok()
        }
    }
}

struct Draft<'a> {
    /// The number of each value that is known.
    numbers: HashMap<&'a str, usize>,
    steps: Vec<Step>,
}

impl<'a> Draft<'a> {
    fn add(&mut self, work: Work, from: &[&'a str], to: &[&'a str]) -> Option<()> {
        let from = from.iter().map(|name| self.numbers.get(name).copied()).collect::<Option<_>>()?;
        let first = self.numbers.len();
        self.numbers.extend(to.iter().copied().zip(first..));
        self.steps.push(Step { work, from, to: (first..first + to.len()).collect(), last_use: Vec::new() });
        Some(())
    }

    fn finish(mut self, outputs: &[&str]) -> Option<Plan> {
        let outputs: Vec<usize> =
            outputs.iter().map(|name| self.numbers.get(name).copied()).collect::<Option<_>>()?;
        let mut seen: HashSet<usize> = outputs.iter().copied().collect();
        for step in self.steps.iter_mut().rev() {
            step.last_use = step.from.iter().copied().filter(|value| seen.insert(*value)).collect();
        }
        Some(Plan { steps: self.steps, values: self.numbers.len(), outputs })
    }
}
