// A classification tree (Gini, best split) on columns that are sorted once: a node is the same range of every column's
// order, and a split parts each range in two without sorting again. At most 256 classes and 16 million rows.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex};

#[derive(Clone, Copy, Default)]
struct Entry {
    value: f32,
    row_and_class: u32, // the row shifted by eight bits, and its class
}

struct Node {
    feature: usize, // usize::MAX in a leaf
    threshold: f64,
    children: [usize; 2],
    class: i64,
}

struct Grower {
    orders: Vec<Vec<Entry>>, // one for each column
    left: Vec<bool>, // for each row: whether the split at hand sends it left
    spare: Vec<Entry>,
    classes: usize,
    nodes: Vec<Node>,
}

/// Fit a tree on x and y, and return the classes that it gives to the rows of `test`. Values count as f32.
pub fn tree(x: &[f64], y: &[i64], columns: usize, depth: usize, test: &[f64], threads: usize) -> Vec<i64> {
    let n = y.len();
    let classes = y.iter().max().map_or(0, |c| *c as usize + 1);
    if threads > 1 {
        let nodes = grown_by_threads(x, y, columns, depth, classes, threads);
        let mut out = vec![0; test.len() / columns];
        parallel_rows(&mut out, 1, ranges(test.len() / columns, threads, 1), |r, out| {
            let rows = test[r.start * columns..r.end * columns].chunks_exact(columns);
            out.iter_mut().zip(rows).for_each(|(out, row)| *out = predict(&nodes, row));
        });
        return out;
    }
    let orders = (0..columns).map(|j| sorted(x, y, columns, j)).collect();
    let spare = vec![Entry::default(); n];
    let mut grower = Grower { orders, left: vec![false; n], spare, classes, nodes: Vec::new() };
    grower.grow(0, n, depth);
    test.chunks_exact(columns).map(|row| predict(&grower.nodes, row)).collect()
}

/// A column in the order of its values: a radix sort of the bits, in which equal values keep the order of their rows.
fn sorted(x: &[f64], y: &[i64], columns: usize, j: usize) -> Vec<Entry> {
    let mut keys: Vec<u64> = (0..y.len())
        .map(|i| {
            let bits = (x[i * columns + j] as f32).to_bits();
            let ordered = if bits >> 31 == 1 { !bits } else { bits | 1 << 31 };
            u64::from(ordered) << 32 | (i as u64) << 8 | y[i] as u64
        })
        .collect();
    let mut other = vec![0; keys.len()];
    for shift in [32, 43, 54] {
        let mut starts = [0usize; 2048];
        keys.iter().for_each(|k| starts[(k >> shift) as usize & 2047] += 1);
        let mut total = 0;
        for start in &mut starts {
            total += std::mem::replace(start, total);
        }
        for key in &keys {
            let start = &mut starts[(key >> shift) as usize & 2047];
            other[*start] = *key;
            *start += 1;
        }
        std::mem::swap(&mut keys, &mut other);
    }
    let value = |key: u64| {
        let ordered = (key >> 32) as u32;
        f32::from_bits(if ordered >> 31 == 1 { ordered & !(1 << 31) } else { !ordered })
    };
    keys.into_iter().map(|k| Entry { value: value(k), row_and_class: k as u32 }).collect()
}

impl Grower {
    fn grow(&mut self, start: usize, end: usize, depth: usize) -> usize {
        let (counts, class) = counted(&self.orders[0][start..end], self.classes);
        let number = self.nodes.len();
        self.nodes.push(Node { feature: usize::MAX, threshold: 0.0, children: [0, 0], class: class as i64 });
        if depth == 0 || counts[class] == (end - start) as f64 {
            return number;
        }
        let mut best = (f64::NEG_INFINITY, 0, 0);
        for (feature, order) in self.orders.iter().enumerate() {
            let (score, place) = best_split(&order[start..end], &counts);
            if score > best.0 {
                best = (score, feature, start + place);
            }
        }
        let (score, feature, middle) = best;
        if score == f64::NEG_INFINITY {
            return number; // all rows are equal
        }
        let (low, high) = (self.orders[feature][middle - 1].value, self.orders[feature][middle].value);
        for (i, entry) in self.orders[feature][start..end].iter().enumerate() {
            self.left[(entry.row_and_class >> 8) as usize] = start + i < middle;
        }
        for (j, order) in self.orders.iter_mut().enumerate() {
            if j != feature {
                part(&mut order[start..end], |row| self.left[row], &mut self.spare);
            }
        }
        let threshold = f64::from(low) / 2.0 + f64::from(high) / 2.0;
        let children = [self.grow(start, middle, depth - 1), self.grow(middle, end, depth - 1)];
        self.nodes[number] = Node { feature, threshold, children, class: class as i64 };
        number
    }
}

fn predict(nodes: &[Node], row: &[f64]) -> i64 {
    let mut node = &nodes[0];
    while node.feature != usize::MAX {
        node = &nodes[node.children[usize::from(row[node.feature] > node.threshold)]];
    }
    node.class
}

/// How many rows of each class a range holds, and the most frequent class.
fn counted(order: &[Entry], classes: usize) -> (Vec<f64>, usize) {
    let mut counts = vec![0.0; classes];
    order.iter().for_each(|e| counts[(e.row_and_class & 255) as usize] += 1.0);
    let mut class = 0;
    for (c, count) in counts.iter().enumerate() {
        class = if *count > counts[class] { c } else { class };
    }
    (counts, class)
}

/// The best place to cut a sorted range, and its score: the sum over both sides of squared counts over size.
fn best_split(order: &[Entry], counts: &[f64]) -> (f64, usize) {
    let (mut left, mut right) = ([0.0f64; 256], [0.0f64; 256]);
    right[..counts.len()].copy_from_slice(counts);
    let (mut left_squares, mut right_squares) = (0.0, counts.iter().map(|c| c * c).sum::<f64>());
    let mut best = (f64::NEG_INFINITY, 0);
    let n = order.len();
    for (i, (entry, next)) in order.iter().zip(&order[1..]).enumerate() {
        let class = (entry.row_and_class & 255) as usize;
        left_squares += 2.0 * left[class] + 1.0;
        right_squares -= 2.0 * right[class] - 1.0;
        left[class] += 1.0;
        right[class] -= 1.0;
        if next.value > entry.value + 1e-7 {
            let score = left_squares / (i + 1) as f64 + right_squares / (n - i - 1) as f64;
            if score > best.0 {
                best = (score, i + 1);
            }
        }
    }
    best
}

/// Bring the rows that go left to the front; on either side the order stays. Both places are written, and only the
/// right one is kept: there is no branch that a processor could guess wrong.
#[inline(always)]
fn part(order: &mut [Entry], left: impl Fn(usize) -> bool, spare: &mut [Entry]) {
    let (mut kept, mut moved) = (0, 0);
    for i in 0..order.len() {
        let entry = order[i];
        let goes = left((entry.row_and_class >> 8) as usize);
        order[kept] = entry;
        spare[moved] = entry;
        kept += usize::from(goes);
        moved += usize::from(!goes);
    }
    order[kept..].copy_from_slice(&spare[..moved]);
}

// With threads: each has some of the columns, and all grow one level of the tree after the other. They meet twice in a
// level: when each has found the best cuts in its columns, and when it is written which rows go left.

/// A node of the level that is being grown: its rows, its place among the nodes, how many of each class it has.
struct Open {
    start: usize,
    end: usize,
    node: usize,
    counts: Vec<f64>,
}

#[derive(Clone, Copy)]
struct Cut {
    score: f64,
    feature: usize,
    middle: usize,
    between: [f32; 2],
}

/// What threads tell each other.
struct Told {
    left: Vec<AtomicBool>, // for each row, as in `Grower`
    cuts: Vec<Mutex<Vec<Cut>>>, // of each thread, for each open node
    met: Barrier,
}

fn grown_by_threads(x: &[f64], y: &[i64], columns: usize, depth: usize, classes: usize, threads: usize) -> Vec<Node> {
    let shares: Vec<_> = ranges(columns, threads, 1).into_iter().filter(|share| !share.is_empty()).collect();
    let told = Told {
        left: y.iter().map(|_| AtomicBool::new(false)).collect(),
        cuts: shares.iter().map(|_| Mutex::new(Vec::new())).collect(),
        met: Barrier::new(shares.len()),
    };
    let number = |share: &Range<usize>| shares.iter().position(|s| s == share).expect("a share");
    let mut grown = parallel(shares.clone(), |share| {
        let mut orders: Vec<_> = share.clone().map(|j| sorted(x, y, columns, j)).collect();
        levels(&mut orders, number(&share), share, depth, classes, &told)
    });
    grown.swap_remove(0) // every thread knows the whole tree
}

fn levels(
    orders: &mut [Vec<Entry>], thread: usize, share: Range<usize>, depth: usize, classes: usize, told: &Told,
) -> Vec<Node> {
    let n = told.left.len();
    let mut spare = vec![Entry::default(); n];
    let mut nodes = Vec::new();
    let mut level = vec![open(orders, 0, n, classes, &mut nodes)];
    for _ in 0..depth {
        level.retain(|o| o.counts[nodes[o.node].class as usize] < (o.end - o.start) as f64);
        let own = level.iter().map(|open| best_cut(orders, share.start, open)).collect();
        *told.cuts[thread].lock().expect("no panic in a lane") = own;
        told.met.wait();
        let mut cuts: Vec<Cut> = told.cuts[0].lock().expect("no panic in a lane").clone();
        for other in &told.cuts[1..] {
            let other = other.lock().expect("no panic in a lane");
            cuts.iter_mut().zip(&*other).for_each(|(cut, o)| *cut = if o.score > cut.score { *o } else { *cut });
        }
        for (open, cut) in level.iter().zip(&cuts).filter(|(_, cut)| share.contains(&cut.feature)) {
            for (i, entry) in orders[cut.feature - share.start][open.start..open.end].iter().enumerate() {
                let row = (entry.row_and_class >> 8) as usize;
                told.left[row].store(open.start + i < cut.middle, Ordering::Relaxed); // the barrier publishes it
            }
        }
        told.met.wait();
        let mut next = Vec::new();
        for (open_now, cut) in level.iter().zip(&cuts).filter(|(_, cut)| cut.score > f64::NEG_INFINITY) {
            let Open { start, end, node, .. } = *open_now;
            for (_, order) in orders.iter_mut().enumerate().filter(|(j, _)| share.start + j != cut.feature) {
                part(&mut order[start..end], |row| told.left[row].load(Ordering::Relaxed), &mut spare);
            }
            let [low, high] = cut.between;
            let children = [(start, cut.middle), (cut.middle, end)].map(|(from, to)| {
                next.push(open(orders, from, to, classes, &mut nodes));
                nodes.len() - 1
            });
            nodes[node].feature = cut.feature;
            nodes[node].threshold = f64::from(low) / 2.0 + f64::from(high) / 2.0;
            nodes[node].children = children;
        }
        level = next;
    }
    nodes
}

/// A new leaf for a range of rows, which may be cut later.
fn open(orders: &[Vec<Entry>], start: usize, end: usize, classes: usize, nodes: &mut Vec<Node>) -> Open {
    let (counts, class) = counted(&orders[0][start..end], classes);
    nodes.push(Node { feature: usize::MAX, threshold: 0.0, children: [0, 0], class: class as i64 });
    Open { start, end, node: nodes.len() - 1, counts }
}

/// The best cut of a node among the columns of one thread, the first of which has the number `first`.
fn best_cut(orders: &[Vec<Entry>], first: usize, open: &Open) -> Cut {
    let mut best = Cut { score: f64::NEG_INFINITY, feature: usize::MAX, middle: 0, between: [0.0, 0.0] };
    for (j, order) in orders.iter().enumerate() {
        let (score, place) = best_split(&order[open.start..open.end], &open.counts);
        if score > best.score {
            let middle = open.start + place;
            best = Cut { score, feature: first + j, middle, between: [order[middle - 1].value, order[middle].value] };
        }
    }
    best
}
