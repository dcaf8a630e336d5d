//! Networks: numbers go in, numbers come out, on one thread.
//!
//! Lives here: `Network`, the proof that its plan answers as the whole file does, the threads that calls take turns on.
//! Not here: where the file comes from (`models`), what its numbers mean (`finder`, `embedding`, `liveness`).

mod direct;
mod plan;
mod simplify;

use crate::chance::SplitMix64;
use crate::geometry::narrow;
use plan::Plan;
use rten::{ThreadPool, Value};
use rten_tensor::Tensor;
pub(crate) use simplify::portable;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A plan's numbers may differ by so much from the whole network's, as a share of the largest (rounding: some 1e-6).
const AGREEMENT: f32 = 1e-4;

/// A network failed on an input that it should take: a fault of ours or of the runtime, not of the picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the face model failed while {stage}")]
pub struct InferenceError {
    pub(crate) stage: &'static str,
}

/// A loaded network with one input and `OUT` outputs.
pub(crate) struct Network<const OUT: usize> {
    plan: Plan,
    shape: [usize; 4],
    workers: Workers,
    path: PathBuf,
}

impl<const OUT: usize> Network<OUT> {
    /// Loads an ONNX file whose input is 1 x channels x height x width. An output without a name is the file's first.
    ///
    /// The file is cut into steps; whether they answer as the whole does is tried once, here. A file that cannot be cut
    /// so is run whole.
    pub(crate) fn load(
        path: PathBuf,
        onnx: Vec<u8>,
        shape: [usize; 4],
        outputs: [Option<&str>; OUT],
        workers: Workers,
    ) -> Result<Self, &'static str> {
        let onnx = simplify::simplify(onnx);
        let cut = Plan::cut(&onnx, &outputs);
        let plan = Plan::whole(onnx, &outputs)?;
        let mut network = Self { plan, shape, workers, path };
        if let Some(cut) = cut {
            let whole = network.on_noise();
            let uncut = std::mem::replace(&mut network.plan, cut);
            if !agree(&whole, &network.on_noise()) {
                network.plan = uncut;
            }
        }
        network.log();
        Ok(network)
    }

    /// Says once, when the network is loaded, which way it will be computed.
    fn log(&self) {
        let (steps, direct_convolutions) = self.steps();
        let file = self.path.file_name().unwrap_or_default().to_string_lossy();
        let way = if direct_convolutions > 0 { "in direct steps" } else { "whole" };
        tracing::info!(%file, way, steps, direct_convolutions, "a network was loaded");
    }

    /// The file that it was loaded from.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Batch (always 1), channels, height, width of its input.
    pub(crate) const fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// Steps that it is computed in, and how many of them are convolutions of ours.
    pub(crate) fn steps(&self) -> (usize, usize) {
        self.plan.counts()
    }

    /// Runs the network on as many numbers as its shape says.
    pub(crate) fn run(&self, data: Vec<f32>, stage: &'static str) -> Result<[Vec<f32>; OUT], InferenceError> {
        self.numbers(data).ok_or(InferenceError { stage })
    }

    fn numbers(&self, data: Vec<f32>) -> Option<[Vec<f32>; OUT]> {
        let input = Tensor::try_from_data(self.shape.as_slice(), data).ok()?;
        let values = self.plan.run(input.into(), &self.workers.next()?)?;
        let numbers = values.into_iter().map(|value: Value| {
            let tensor = Tensor::<f32>::try_from(value).ok()?;
            Some(tensor.into_data())
        });
        numbers.collect::<Option<Vec<_>>>()?.try_into().ok()
    }

    fn on_noise(&self) -> Option<[Vec<f32>; OUT]> {
        let mut random = SplitMix64::new(1);
        let count = self.shape.iter().product();
        self.numbers((0..count).map(|_| narrow(2.0 * random.uniform() - 1.0)).collect())
    }
}

/// Whether two answers are the same but for rounding.
fn agree<const OUT: usize>(whole: &Option<[Vec<f32>; OUT]>, cut: &Option<[Vec<f32>; OUT]>) -> bool {
    let (Some(whole), Some(cut)) = (whole, cut) else { return false };
    whole.iter().zip(cut).all(|(whole, cut)| {
        let largest = whole.iter().fold(0.0_f32, |largest, v| largest.max(v.abs()));
        let near = |(a, b): (&f32, &f32)| (a - b).abs() <= AGREEMENT * largest;
        whole.len() == cut.len() && largest.is_finite() && whole.iter().zip(cut).all(near)
    })
}

/// Pools of one thread each, taken in turn: a call never waits for another while a core is free, and one call
/// never spreads over cores (its time stays the same under load).
#[derive(Debug, Clone)]
pub(crate) struct Workers {
    pools: Arc<[Arc<ThreadPool>]>,
    turn: Arc<AtomicUsize>,
}

impl Workers {
    pub(crate) fn new(count: usize) -> Self {
        let pools = (0..count.clamp(1, 256)).map(|_| Arc::new(ThreadPool::with_num_threads(1))).collect();
        Self { pools, turn: Arc::default() }
    }

    fn next(&self) -> Option<Arc<ThreadPool>> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.pools.get(turn % self.pools.len().max(1)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rten_onnx::onnx::{
        AttributeProto, AttributeType, DataType, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
        TensorProto, ValueInfoProto,
    };
    use std::cell::RefCell;

    const SHAPE: [usize; 4] = [1, 20, 9, 7];

    fn node(kind: &str, inputs: &[&str], output: &str, given: &[(&str, &[i64])]) -> NodeProto {
        // The runtime wants these of a convolution, though the operator has them by default.
        let default: &[(&str, &[i64])] =
            &[("strides", &[1, 1]), ("dilations", &[1, 1]), ("pads", &[0, 0, 0, 0])];
        let default =
            default.iter().filter(|(name, _)| kind == "Conv" && given.iter().all(|(n, _)| n != name));
        let attribute = given.iter().chain(default).map(|(name, values)| match values {
            [one] => AttributeProto {
                name: Some((*name).to_owned()),
                i: Some(*one),
                r#type: Some(AttributeType::INT),
                ..AttributeProto::default()
            },
            many => AttributeProto {
                name: Some((*name).to_owned()),
                ints: many.to_vec(),
                r#type: Some(AttributeType::INTS),
                ..AttributeProto::default()
            },
        });
        NodeProto {
            name: Some(format!("{kind} {output}")),
            op_type: Some(kind.to_owned()),
            input: inputs.iter().map(|name| (*name).to_owned()).collect(),
            output: vec![output.to_owned()],
            attribute: attribute.collect(),
            domain: None,
        }
    }

    fn weights(name: &str, dims: &[i64]) -> TensorProto {
        let mut random = SplitMix64::new(dims.iter().sum::<i64>().unsigned_abs());
        let count = usize::try_from(dims.iter().product::<i64>()).unwrap();
        let numbers = (0..count).flat_map(|_| narrow(random.uniform() - 0.5).to_le_bytes()).collect();
        TensorProto {
            name: Some(name.to_owned()),
            dims: dims.to_vec(),
            data_type: Some(DataType::FLOAT),
            raw_data: Some(RefCell::new(numbers)),
            ..TensorProto::default()
        }
    }

    fn file(nodes: Vec<NodeProto>, outputs: &[&str]) -> Vec<u8> {
        let value = |name: &str| ValueInfoProto { name: Some(name.to_owned()), r#type: None };
        let graph = GraphProto {
            node: nodes,
            initializer: vec![
                weights("each", &[20, 1, 3, 3]),
                weights("fives", &[10, 4, 3, 3]),
                weights("points", &[20, 20, 1, 1]),
                weights("bias", &[20]),
                weights("slopes", &[20, 1, 1]),
            ],
            input: vec![value("input")],
            output: outputs.iter().map(|name| value(name)).collect(),
            value_info: Vec::new(),
        };
        let version = OperatorSetIdProto { domain: None, version: Some(13) };
        let model = ModelProto {
            ir_version: Some(7),
            graph: Some(graph),
            opset_import: vec![version],
            ..ModelProto::default()
        };
        model.write_buf().unwrap()
    }

    const EACH: &[(&str, &[i64])] = &[("group", &[20]), ("pads", &[1, 1, 1, 1])];

    /// Steps, those that are ours, and the largest difference to the whole.
    fn cut<const OUT: usize>(onnx: &[u8], outputs: [Option<&str>; OUT]) -> (usize, usize, f32) {
        let load =
            |plan| Network::<OUT> { plan, shape: SHAPE, workers: Workers::new(1), path: PathBuf::new() };
        let whole = load(Plan::whole(onnx.to_vec(), &outputs).unwrap()).on_noise().unwrap();
        let network = load(Plan::cut(onnx, &outputs).unwrap());
        let ours = network.on_noise().unwrap();
        let mut largest = 0.0_f32;
        for (a, b) in whole.iter().zip(&ours) {
            assert!(a.len() == b.len() && !a.is_empty());
            largest = a.iter().zip(b).fold(largest, |largest, (a, b)| largest.max((a - b).abs()));
        }
        let (steps, direct) = network.steps();
        (steps, direct, largest)
    }

    #[test]
    fn a_network_of_branches_and_sums_answers_in_steps_as_it_does_whole() {
        let nodes = vec![
            node("Conv", &["input", "each", "bias"], "a", EACH),
            node("PRelu", &["a", "slopes"], "b", &[]),
            node("Conv", &["b", "points"], "c", &[]),
            node("Add", &["c", "input"], "d", &[]),
            node("Conv", &["d", "each"], "e", EACH),
            node("Conv", &["d", "fives"], "f", &[("group", &[5]), ("strides", &[2, 2])]),
            node("Relu", &["f"], "g", &[]),
            node("Add", &["e", "b"], "h", &[]),
            node("Conv", &["h", "points", "bias"], "i", &[]),
            node("Conv", &["a", "each"], "nobody asks", EACH),
        ];
        let (steps, direct, difference) = cut(&file(nodes, &["i", "g"]), [Some("i"), Some("g")]);
        // `points` has many channels: products, twice, sums in between; three convolutions of ours.
        assert_eq!((steps, direct), (5, 3));
        assert!(difference < 1e-5, "{difference}");
    }

    #[test]
    fn an_activation_joins_its_convolution_only_where_nothing_else_reads_in_between() {
        let nodes = |last: NodeProto| {
            vec![
                node("Conv", &["input", "each"], "a", EACH),
                node("PRelu", &["a", "slopes"], "b", &[]),
                node("Relu", &["b"], "c", &[]),
                last,
            ]
        };
        for (other, steps) in [("b", 2), ("a", 2), ("input", 2)] {
            let (got, direct, difference) =
                cut(&file(nodes(node("Add", &["c", other], "d", &[])), &["d"]), [None]);
            assert_eq!((got, direct), (steps, 1), "{other}");
            assert!(difference < 1e-6, "{other} {difference}");
        }
        // The convolution itself is asked for.
        let onnx = file(nodes(node("Relu", &["c"], "d", &[])), &["a", "d"]);
        let (_, direct, difference) = cut(&onnx, [Some("a"), Some("d")]);
        assert!(direct == 1 && difference < 1e-6, "{difference}");
    }

    #[test]
    fn a_file_that_is_not_cut_safely_is_run_whole_and_one_that_is_no_network_is_refused() {
        let mut padded = node("Conv", &["input", "each"], "a", &[("group", &[20])]);
        padded.attribute.push(AttributeProto {
            name: Some("auto_pad".to_owned()),
            s: Some("SAME_UPPER".to_owned()),
            r#type: Some(AttributeType::STRING),
            ..AttributeProto::default()
        });
        let load = |onnx: Vec<u8>| Network::<1>::load(PathBuf::new(), onnx, SHAPE, [None], Workers::new(1));
        let network = load(file(vec![padded], &["a"])).unwrap();
        assert_eq!(network.steps(), (1, 0));
        assert_eq!(network.run(vec![0.5; 20 * 9 * 7], "trying").unwrap()[0].len(), 20 * 9 * 7);
        assert!(network.run(vec![0.5; 3], "trying").is_err());
        // A value that nothing makes.
        assert!(load(file(vec![node("Relu", &["nowhere"], "a", &[])], &["a"])).is_err());
        assert!(load(b"no network".to_vec()).is_err());
        assert!(load(Vec::new()).is_err());
    }

    fn tensor(name: &str, dims: &[i64], kind: DataType, raw: Vec<u8>) -> TensorProto {
        TensorProto {
            name: Some(name.to_owned()),
            dims: dims.to_vec(),
            data_type: Some(kind),
            raw_data: Some(RefCell::new(raw)),
            ..TensorProto::default()
        }
    }

    fn floats_of(numbers: &[f32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
    }

    fn integer(name: &str, value: i64) -> AttributeProto {
        AttributeProto {
            name: Some(name.to_owned()),
            i: Some(value),
            r#type: Some(AttributeType::INT),
            ..AttributeProto::default()
        }
    }

    /// What the constant `weights` of a file became.
    fn computed(onnx: Vec<u8>, name: &str) -> Option<(Vec<i64>, Vec<f32>)> {
        let graph = ModelProto::parse_buf(&simplify::simplify(onnx)).unwrap().graph.unwrap();
        let tensor = graph.initializer.iter().find(|tensor| tensor.name.as_deref() == Some(name))?;
        Some((tensor.dims.clone(), crate::onnx::floats(tensor)))
    }

    /// A file whose weights are eight bits wide, with so many scales.
    fn quantised(dims: &[i64], scales: &[f32], scale_dims: &[i64], attributes: &[(&str, i64)]) -> Vec<u8> {
        let count = u8::try_from(dims.iter().product::<i64>()).unwrap();
        let zeros = (0..scales.len()).map(|i| u8::try_from(i % 3).unwrap()).collect();
        let mut dequantise = node("DequantizeLinear", &["q", "s", "z"], "weights", &[]);
        dequantise.attribute = attributes.iter().map(|(name, value)| integer(name, *value)).collect();
        let reshape = node("Reshape", &["weights", "shape"], "kernel", &[]);
        let add = node("Add", &["input", "kernel"], "out", &[]);
        let value = |name: &str| ValueInfoProto { name: Some(name.to_owned()), r#type: None };
        let shape = [-1_i64, 2].iter().flat_map(|side| side.to_le_bytes()).collect();
        let graph = GraphProto {
            node: vec![dequantise, reshape, add],
            initializer: vec![
                tensor("q", dims, DataType::INT8, (0..count).map(|i| i.wrapping_sub(5)).collect()),
                tensor("s", scale_dims, DataType::FLOAT, floats_of(scales)),
                tensor("z", scale_dims, DataType::INT8, zeros),
                tensor("shape", &[2], DataType::INT64, shape),
            ],
            input: ["input", "q", "s", "z"].map(value).into(),
            output: vec![value("out")],
            value_info: Vec::new(),
        };
        let version = OperatorSetIdProto { domain: None, version: Some(21) };
        let model = ModelProto {
            ir_version: Some(10),
            graph: Some(graph),
            opset_import: vec![version],
            ..ModelProto::default()
        };
        model.write_buf().unwrap()
    }

    #[test]
    fn weights_of_eight_bits_become_floats_by_tensor_by_axis_and_in_blocks() {
        // Numbers are -5, -4 ...; zero points 0, 1, 2, 0 ... (ONNX, DequantizeLinear: y = (x - zero) * scale).
        let ramp = |count: i8| (0..count).map(|i| f32::from(i) - 5.0).collect::<Vec<f32>>();
        let by_tensor = quantised(&[2, 4], &[0.5], &[], &[]);
        assert_eq!(
            computed(by_tensor, "kernel").unwrap(),
            (vec![4, 2], ramp(8).iter().map(|v| v * 0.5).collect())
        );
        let by_axis = quantised(&[2, 4], &[1.0, 10.0], &[2], &[("axis", 0)]);
        let expected = [-5.0, -4.0, -3.0, -2.0, -20.0, -10.0, 0.0, 10.0];
        assert_eq!(computed(by_axis, "kernel").unwrap().1, expected);
        let from_the_end = quantised(&[2, 4], &[1.0, 10.0, 1.0, 1.0], &[4], &[("axis", -1)]);
        assert_eq!(
            computed(from_the_end, "kernel").unwrap().1,
            [-5.0, -50.0, -5.0, -2.0, -1.0, -10.0, -1.0, 2.0]
        );
        // Blocks of three along the last axis of two rows of four: 2 x 2 scales, the last block shorter.
        let blocks =
            quantised(&[2, 4], &[1.0, 10.0, 100.0, 1000.0], &[2, 2], &[("axis", 1), ("block_size", 3)]);
        let expected = [-5.0, -4.0, -3.0, -30.0, -300.0, -200.0, -100.0, 2000.0];
        assert_eq!(computed(blocks, "kernel").unwrap().1, expected);
        // Along the first axis every column has its own.
        let columns = quantised(&[2, 2], &[1.0, 10.0], &[1, 2], &[("axis", 0), ("block_size", 2)]);
        assert_eq!(computed(columns, "kernel").unwrap().1, [-5.0, -50.0, -3.0, -30.0]);
        // Scales that do not fit: the file stays as it is, and the runtime says that it cannot.
        let wrong = quantised(&[2, 4], &[1.0, 2.0, 3.0], &[3], &[("axis", 0)]);
        assert_eq!(computed(wrong, "kernel"), None);
    }

    #[test]
    fn what_is_left_of_the_inputs_has_any_size_and_dropout_goes() {
        let mut graph = ModelProto::parse_buf(&quantised(&[2, 4], &[0.5], &[], &[])).unwrap();
        let inner = graph.graph.as_mut().unwrap();
        inner.node.push(node("Dropout", &["out"], "dropped", &[]));
        inner.node.push(node("Relu", &["dropped"], "last", &[]));
        inner.output = vec![ValueInfoProto { name: Some("last".to_owned()), r#type: None }];
        let simple = ModelProto::parse_buf(&simplify::simplify(graph.write_buf().unwrap())).unwrap();
        let simple = simple.graph.unwrap();
        let kinds: Vec<&str> = simple.node.iter().filter_map(|node| node.op_type.as_deref()).collect();
        assert_eq!(kinds, ["Add", "Relu"]);
        assert_eq!(simple.node[1].input, ["out"]);
        let inputs: Vec<&str> = simple.input.iter().filter_map(|input| input.name.as_deref()).collect();
        assert_eq!(inputs, ["input"]);
        assert!(simple.input[0].r#type.is_none());
    }

    #[test]
    fn a_batch_normalisation_behind_a_convolution_becomes_part_of_it_and_another_stays() {
        let norm = |input: &str, output: &str| {
            let mut norm =
                node("BatchNormalization", &[input, "gamma", "beta", "mean", "variance"], output, &[]);
            norm.attribute.push(AttributeProto {
                name: Some("epsilon".to_owned()),
                f: Some(1e-3),
                r#type: Some(AttributeType::FLOAT),
                ..AttributeProto::default()
            });
            norm
        };
        let with = |nodes: Vec<NodeProto>, outputs: &[&str]| {
            let mut model = ModelProto::parse_buf(&file(nodes, outputs)).unwrap();
            let graph = model.graph.as_mut().unwrap();
            let spread: Vec<f32> = (0..20_u8).map(|i| 0.5 + f32::from(i) / 7.0).collect();
            for name in ["gamma", "beta", "mean", "variance"] {
                graph.initializer.push(tensor(name, &[20], DataType::FLOAT, floats_of(&spread)));
            }
            model.write_buf().unwrap()
        };
        // Normalised, then activated: one step of ours.
        let nodes = vec![
            node("Conv", &["input", "each", "bias"], "a", EACH),
            norm("a", "b"),
            node("PRelu", &["b", "slopes"], "c", &[]),
        ];
        let (steps, direct, difference) = cut(&with(nodes, &["c"]), [None]);
        assert_eq!((steps, direct), (1, 1));
        assert!(difference < 1e-4, "{difference}");
        // Somebody else reads the convolution too: it stays what it is.
        let nodes = vec![
            node("Conv", &["input", "each"], "a", EACH),
            norm("a", "b"),
            node("Add", &["a", "b"], "c", &[]),
        ];
        let (steps, direct, difference) = cut(&with(nodes, &["c"]), [None]);
        assert_eq!((steps, direct), (2, 1));
        assert!(difference < 1e-4, "{difference}");
    }
}
