// What several jobs share: eight numbers side by side, a product of matrices in tiles, sums of products, exp.
// Safe Rust throughout. Loops over arrays of a fixed length become vector instructions of the machine.

const LANES: usize = 8;
type Eight = [f64; LANES];

// Rows and columns of the tile that stays in registers: as many as the processor has room for.
const MR: usize = if cfg!(target_feature = "avx512f") { 8 } else { 4 };
const NR: usize = if cfg!(target_feature = "avx512f") { 24 } else if cfg!(target_feature = "avx") { 12 } else { 8 };
const KC: usize = 192; // a panel of KC × NR numbers fits the first cache

/// a·b + c in one instruction where the processor has it; the library call elsewhere would cost fifty times more.
#[inline(always)]
fn fma(a: f64, b: f64, c: f64) -> f64 {
    if cfg!(any(target_feature = "fma", target_arch = "aarch64")) { a.mul_add(b, c) } else { a * b + c }
}

#[inline(always)]
fn sum(v: &Eight) -> f64 {
    ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]))
}

/// exp without branches, exact to two units in the last place; below -708 it gives 3e-308 instead of less.
/// A loop that calls it for each number of a slice becomes one over vectors.
#[inline(always)]
fn exp(x: f64) -> f64 {
    const SHIFT: f64 = 6755399441055744.0; // 1.5 · 2^52: adding it rounds to a whole number, kept in the low bits
    const TERMS: [f64; 13] = [
        1.0 / 479001600.0, 1.0 / 39916800.0, 1.0 / 3628800.0, 1.0 / 362880.0, 1.0 / 40320.0, 1.0 / 5040.0,
        1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0,
    ];
    let x = if x < -708.0 { -708.0 } else { x };
    let x = if x > 709.0 { 709.0 } else { x };
    let shifted = fma(x, std::f64::consts::LOG2_E, SHIFT);
    let whole = shifted - SHIFT;
    let rest = fma(whole, -1.9082149292705877e-10, fma(whole, -6.93147180369123816490e-01, x));
    let mut p = TERMS[0];
    for term in &TERMS[1..] {
        p = fma(p, rest, *term);
    }
    p * f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52))
}

/// Split `0..n` into as many ranges as there are threads, each a multiple of `step` long but the last.
fn ranges(n: usize, threads: usize, step: usize) -> Vec<std::ops::Range<usize>> {
    let each = n.div_ceil(threads.max(1)).div_ceil(step) * step;
    (0..threads.max(1)).map(|t| (t * each).min(n)..((t + 1) * each).min(n)).collect()
}

/// Do `work` on each range, each on a thread of its own; the calling thread takes the last one.
fn parallel<R: Send>(ranges: Vec<std::ops::Range<usize>>, work: impl Fn(std::ops::Range<usize>) -> R + Sync) -> Vec<R> {
    let work = &work;
    std::thread::scope(|scope| {
        let (last, others) = ranges.split_last().expect("there is at least one range");
        let started: Vec<_> = others.iter().map(|r| scope.spawn(|| work(r.clone()))).collect();
        let own = work(last.clone());
        let mut results: Vec<R> = started.into_iter().map(|t| t.join().expect("no panic in a lane")).collect();
        results.push(own);
        results
    })
}

/// As `parallel`, with the rows of `out` that belong to each range (`width` numbers for each unit of the range).
fn parallel_rows<T: Send, R: Send>(
    out: &mut [T], width: usize, ranges: Vec<std::ops::Range<usize>>,
    work: impl Fn(std::ops::Range<usize>, &mut [T]) -> R + Sync,
) -> Vec<R> {
    let work = &work;
    std::thread::scope(|scope| {
        let mut rest = out;
        let mut started = Vec::new();
        let mut own = None;
        for (number, range) in ranges.iter().enumerate() {
            let (mine, after) = std::mem::take(&mut rest).split_at_mut(range.len() * width);
            rest = after;
            let range = range.clone();
            if number + 1 == ranges.len() {
                own = Some(work(range, mine));
            } else {
                started.push(scope.spawn(move || work(range, mine)));
            }
        }
        let mut results: Vec<R> = started.into_iter().map(|t| t.join().expect("no panic in a lane")).collect();
        results.extend(own);
        results
    })
}

/// Copy `count` rows of a row-major matrix (from column `from`, `k` columns) into a panel `k × WIDTH`, zeros after.
#[inline(always)]
fn pack_rows<const WIDTH: usize>(rows: &[f64], stride: usize, count: usize, from: usize, k: usize, panel: &mut [f64]) {
    for (p, line) in panel[..k * WIDTH].chunks_exact_mut(WIDTH).enumerate() {
        for (i, place) in line.iter_mut().enumerate() {
            *place = if i < count { rows[i * stride + from + p] } else { 0.0 };
        }
    }
}

/// Copy columns `from .. from + count` of `k` rows into a panel `k × NR`, zeros after.
fn pack_columns(rows: &[f64], stride: usize, count: usize, from: usize, k: usize, panel: &mut [f64]) {
    for (p, line) in panel[..k * NR].chunks_exact_mut(NR).enumerate() {
        let row = &rows[p * stride + from..p * stride + from + count];
        line[..count].copy_from_slice(row);
        line[count..].fill(0.0);
    }
}

/// One tile of a product: `a` is a panel k × MR, `b` a panel k × NR.
#[cfg(target_feature = "avx512f")]
#[inline(never)]
fn tile(a: &[f64], b: &[f64]) -> [[f64; NR]; MR] {
    // Eight names in place of an array of eight: LLVM does not unroll that many rows, and keeps an array in memory.
    let [mut r0, mut r1, mut r2, mut r3, mut r4, mut r5, mut r6, mut r7] = [[0.0; NR]; MR];
    for (a, b) in a.chunks_exact(MR).zip(b.chunks_exact(NR)) {
        let a: &[f64; MR] = a.try_into().expect("MR numbers");
        let b: &[f64; NR] = b.try_into().expect("NR numbers");
        add_scaled(&mut r0, a[0], b);
        add_scaled(&mut r1, a[1], b);
        add_scaled(&mut r2, a[2], b);
        add_scaled(&mut r3, a[3], b);
        add_scaled(&mut r4, a[4], b);
        add_scaled(&mut r5, a[5], b);
        add_scaled(&mut r6, a[6], b);
        add_scaled(&mut r7, a[7], b);
    }
    [r0, r1, r2, r3, r4, r5, r6, r7]
}

/// As above, for processors with fewer registers.
#[cfg(not(target_feature = "avx512f"))]
#[inline(never)]
fn tile(a: &[f64], b: &[f64]) -> [[f64; NR]; MR] {
    let mut out = [[0.0; NR]; MR];
    for (a, b) in a.chunks_exact(MR).zip(b.chunks_exact(NR)) {
        let a: &[f64; MR] = a.try_into().expect("MR numbers");
        let b: &[f64; NR] = b.try_into().expect("NR numbers");
        for i in 0..MR {
            add_scaled(&mut out[i], a[i], b);
        }
    }
    out
}

#[inline(always)]
fn add_scaled(row: &mut [f64; NR], value: f64, b: &[f64; NR]) {
    for j in 0..NR {
        row[j] = fma(value, b[j], row[j]);
    }
}

/// Pack all rows of a matrix (n × d) into panels d × NR, one after the other.
fn panels(rows: &[f64], d: usize) -> Vec<f64> {
    let n = rows.len() / d;
    let mut packed = vec![0.0; n.div_ceil(NR) * NR * d];
    for (panel, rows) in packed.chunks_exact_mut(d * NR).zip(rows.chunks(NR * d)) {
        pack_rows::<NR>(rows, d, rows.len() / d, 0, d, panel);
    }
    packed
}

/// out (m × n) = a (m × k) · b (k × n), all row-major, on one thread.
fn product(a: &[f64], b: &[f64], out: &mut [f64], k: usize, n: usize) {
    const MC: usize = 128;
    let m = a.len() / k;
    let mut packed_a = vec![0.0; MC.min(m.div_ceil(MR) * MR) * KC.min(k)];
    let mut packed_b = vec![0.0; KC.min(k) * n.div_ceil(NR) * NR];
    for from in (0..k).step_by(KC) {
        let depth = KC.min(k - from);
        for (column, panel) in (0..n).step_by(NR).zip(packed_b.chunks_exact_mut(depth * NR)) {
            pack_columns(&b[from * n..], n, NR.min(n - column), column, depth, panel);
        }
        for row in (0..m).step_by(MC) {
            let rows = MC.min(m - row);
            for (i, panel) in (0..rows).step_by(MR).zip(packed_a.chunks_exact_mut(depth * MR)) {
                pack_rows::<MR>(&a[(row + i) * k..], k, MR.min(rows - i), from, depth, panel);
            }
            for (column, b) in (0..n).step_by(NR).zip(packed_b.chunks_exact(depth * NR)) {
                let columns = NR.min(n - column);
                for (i, a) in (0..rows).step_by(MR).zip(packed_a.chunks_exact(depth * MR)) {
                    let found = tile(a, b);
                    for (r, found) in found.iter().enumerate().take(rows - i) {
                        let start = (row + i + r) * n + column;
                        let line = &mut out[start..start + columns];
                        if from == 0 {
                            line.copy_from_slice(&found[..columns]);
                        } else {
                            line.iter_mut().zip(found).for_each(|(o, f)| *o += f);
                        }
                    }
                }
            }
        }
    }
}

/// Sums of products of every two columns, gathered row by row: xᵀ·diag(weight)·x, upper triangle.
struct Gram {
    rights: usize, // panels of NR columns
    left: Vec<f64>,
    right: Vec<f64>,
    rows: usize,
    sums: Vec<f64>,
}

impl Gram {
    fn new(columns: usize) -> Gram {
        let (lefts, rights) = (columns.div_ceil(MR), columns.div_ceil(NR));
        let sums = vec![0.0; lefts * MR * rights * NR];
        Gram { rights, left: vec![0.0; lefts * MR * KC], right: vec![0.0; rights * NR * KC], rows: 0, sums }
    }

    /// Add a row with its weight.
    #[inline(always)]
    fn push(&mut self, row: &[f64], weight: f64) {
        for (panel, values) in self.left.chunks_exact_mut(MR * KC).zip(row.chunks(MR)) {
            for (place, value) in panel[self.rows * MR..][..MR].iter_mut().zip(values) {
                *place = value * weight;
            }
        }
        for (panel, values) in self.right.chunks_exact_mut(NR * KC).zip(row.chunks(NR)) {
            panel[self.rows * NR..][..values.len()].copy_from_slice(values);
        }
        self.rows += 1;
        if self.rows == KC {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let width = self.rights * NR;
        for (i, left) in self.left.chunks_exact(MR * KC).enumerate() {
            for (q, right) in self.right.chunks_exact(NR * KC).enumerate() {
                if (q + 1) * NR <= i * MR {
                    continue; // all below the diagonal
                }
                let found = tile(&left[..self.rows * MR], &right[..self.rows * NR]);
                for (r, found) in found.iter().enumerate() {
                    let line = &mut self.sums[(i * MR + r) * width + q * NR..][..NR];
                    line.iter_mut().zip(found).for_each(|(s, f)| *s += f);
                }
            }
        }
        self.rows = 0;
    }

    /// Add what another thread has gathered.
    fn join(mut self, mut other: Gram) -> Gram {
        other.flush();
        self.flush();
        self.sums.iter_mut().zip(&other.sums).for_each(|(s, o)| *s += o);
        self
    }

    /// The sum for columns j and k, once the last rows are in.
    fn get(&self, j: usize, k: usize) -> f64 {
        self.sums[j.min(k) * self.rights * NR + j.max(k)]
    }
}

/// Solve a·x = b for a symmetric positive definite matrix (n × n); None where it is not.
fn solve(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    for j in 0..n {
        for k in 0..j {
            let factor = a[j * n + k];
            for i in j..n {
                a[i * n + j] -= a[i * n + k] * factor;
            }
        }
        let pivot = a[j * n + j];
        if !(pivot > 0.0) {
            return None;
        }
        let root = pivot.sqrt();
        for i in j..n {
            a[i * n + j] /= root;
        }
    }
    for i in 0..n {
        let known: f64 = (0..i).map(|k| a[i * n + k] * b[k]).sum();
        b[i] = (b[i] - known) / a[i * n + i];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| a[k * n + i] * b[k]).sum();
        b[i] = (b[i] - known) / a[i * n + i];
    }
    Some(b)
}
