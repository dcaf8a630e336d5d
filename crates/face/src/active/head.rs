//! A generic head: where the 68 points of a face lie in space.
//!
//! Ours: rounded from textbook measures of adult heads (63 mm between the pupils, 110 mm from eyes to chin, 18 mm from
//! the base of the nose to its tip, 140 mm between the ears). No scan, no person. Millimetres; x to the right of the
//! picture, y down, z towards the camera, the origin between the eyes.

/// Millimetres between the pupils.
pub const EYES_MM: f64 = 63.0;

/// Left half and middle of each group as `[x, y, z]`; the right half mirrors it.
const JAW: [[f64; 3]; 9] = [
    [-70.0, 2.0, -85.0],
    [-69.0, 20.0, -81.0],
    [-67.0, 38.0, -75.0],
    [-63.0, 56.0, -65.0],
    [-56.0, 73.0, -51.0],
    [-46.0, 88.0, -35.0],
    [-33.0, 99.0, -19.0],
    [-17.0, 107.0, -7.0],
    [0.0, 110.0, -3.0],
];
const BROW: [[f64; 3]; 5] = [
    [-56.0, -14.0, -12.0],
    [-49.0, -22.0, -2.0],
    [-38.0, -25.0, 5.0],
    [-27.0, -24.0, 9.0],
    [-15.0, -20.0, 11.0],
];
const BRIDGE: [[f64; 3]; 4] = [[0.0, 0.0, 10.0], [0.0, 13.0, 17.0], [0.0, 26.0, 24.5], [0.0, 39.0, 32.0]];
const NOSTRILS: [[f64; 3]; 3] = [[-15.0, 47.0, 11.0], [-8.0, 50.0, 14.0], [0.0, 52.0, 15.0]];
const EYE: [[f64; 3]; 6] = [
    [-45.0, 0.0, -10.0],
    [-36.0, -5.0, -2.0],
    [-26.0, -5.5, 2.0],
    [-16.5, 2.0, 0.0],
    [-26.0, 5.0, 1.0],
    [-36.0, 4.5, -3.0],
];
/// For each point of the right eye, the point of the left one that it mirrors.
const EYE_MIRROR: [usize; 6] = [3, 2, 1, 0, 5, 4];
const UPPER_LIP: [[f64; 3]; 4] =
    [[-26.0, 70.0, 5.0], [-17.0, 65.0, 12.0], [-7.0, 62.0, 16.5], [0.0, 63.0, 17.0]];
const LOWER_LIP: [[f64; 3]; 3] = [[0.0, 81.0, 14.5], [-8.0, 80.0, 13.5], [-16.0, 76.0, 10.5]];
const MOUTH_TOP: [[f64; 3]; 3] = [[-22.0, 70.0, 6.0], [-8.0, 68.0, 14.0], [0.0, 68.5, 15.0]];
const MOUTH_BOTTOM: [[f64; 3]; 2] = [[0.0, 72.5, 14.0], [-8.0, 72.5, 13.0]];

/// The 68 points in the usual order: jaw, brows, nose, eyes, mouth.
#[must_use]
pub fn points() -> Vec<[f64; 3]> {
    let mut all = Vec::with_capacity(68);
    left_to_right(&mut all, &JAW, true);
    left_to_right(&mut all, &BROW, false);
    all.extend(BRIDGE);
    left_to_right(&mut all, &NOSTRILS, true);
    all.extend(EYE);
    all.extend(EYE_MIRROR.iter().filter_map(|i| EYE.get(*i)).map(mirrored));
    left_to_right(&mut all, &UPPER_LIP, true);
    right_to_left(&mut all, &LOWER_LIP);
    left_to_right(&mut all, &MOUTH_TOP, true);
    right_to_left(&mut all, &MOUTH_BOTTOM);
    all
}

const fn mirrored(point: &[f64; 3]) -> [f64; 3] {
    let [x, y, z] = *point;
    [-x, y, z]
}

/// The half and its mirror image; the last point of the half is the middle where there is one.
fn left_to_right(all: &mut Vec<[f64; 3]>, half: &[[f64; 3]], middle: bool) {
    all.extend(half);
    all.extend(half.iter().rev().skip(usize::from(middle)).map(mirrored));
}

/// From the right through the middle to the left, without the corner of the mouth on the left.
fn right_to_left(all: &mut Vec<[f64; 3]>, half: &[[f64; 3]]) {
    all.extend(half.iter().skip(1).rev().map(mirrored));
    all.extend(half);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_has_68_points_and_is_its_own_mirror_image() {
        let head = points();
        assert_eq!(head.len(), 68);
        let pairs =
            [(0, 16), (7, 9), (17, 26), (21, 22), (31, 35), (36, 45), (39, 42), (37, 44), (41, 46), (48, 54)];
        for (left, right) in
            pairs.into_iter().chain([(50, 52), (59, 55), (58, 56), (60, 64), (61, 63), (67, 65)])
        {
            assert_eq!(mirrored(&head[left]), head[right], "points {left} and {right}");
        }
        for middle in [8, 27, 28, 29, 30, 33, 51, 57, 62, 66] {
            assert_eq!(head[middle][0], 0.0, "point {middle}");
        }
        let nearest = head.iter().map(|p| p[2]).fold(f64::MIN, f64::max);
        assert_eq!(head[30][2], nearest, "the tip of the nose is nearest to the camera");
    }
}
