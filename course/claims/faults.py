"""Wrong programs, each in Rust and in the language where the mistake is usual; and right ones that Rust refuses.

Every program is short, and wrong in one way only. Which of them are stopped is found by compiling and running them,
the Rust ones as a release build (overflow unchecked), because that is what ships.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ACCEPTED_ALL_THE_SAME", "FAULTS", "REFUSED", "Fault"]


@dataclass(frozen=True)
class Fault:
    """One mistake: its kind, what is wrong, the other language's program and Rust's; the same mistake in both."""

    kind: str
    name: str
    language: str
    other: str
    rust: str


FAULTS = (
    Fault(
        "memory",
        "a value that may be missing is used as if it were there",
        "c",
        """
#include <stdio.h>
#include <string.h>
int main(void) {
    const char *names[] = {"length", 0, "depth"};
    int letters = 0;
    for (int i = 0; i < 3; i++) letters += (int)strlen(names[i]);
    printf("%d\\n", letters);
}""",
        """
fn main() {
    let names = [Some("length"), None, Some("depth")];
    let letters: usize = names.iter().map(|name| str::len(name)).sum();
    println!("{letters}");
}""",
    ),
    Fault(
        "memory",
        "a loop reads one value past the end of its buffer",
        "c",
        """
#include <stdio.h>
__attribute__((noinline)) static double total(const double *x, int n) {
    double sum = 0;
    for (int i = 0; i <= n; i++) sum += x[i];
    return sum;
}
int main(void) {
    struct { double x[4], other; } row = {{1, 1, 1, 1}, 99};
    printf("%g\\n", total(row.x, 4));
}""",
        """
fn main() {
    let x = vec![1.0; 4];
    let mut sum = 0.0;
    for i in 0..=x.len() { sum += x[i]; }
    println!("{sum}");
}""",
    ),
    Fault(
        "memory",
        "memory is read after it was given back",
        "c",
        """
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    volatile double *mean = malloc(sizeof *mean);
    *mean = 2.5;
    free((void *)mean);
    volatile double *other = malloc(sizeof *other);
    *other = -1;
    printf("%g\\n", *mean);
}""",
        """
fn main() {
    let mean = Box::new(2.5);
    let view = &*mean;
    drop(mean);
    let _other = Box::new(-1.0);
    println!("{view}");
}""",
    ),
    Fault(
        "memory",
        "a function returns a view of its own local array",
        "c",
        """
#include <stdio.h>
__attribute__((noinline)) static void means(double **view) {
    volatile double out[2] = {1.5, 2.5};
    *view = (double *)out;
}
__attribute__((noinline)) static void other(void) { volatile double work[2] = {-1, -1}; (void)work[0]; }
int main(void) {
    double *a;
    means(&a);
    other();
    printf("%g\\n", a[0]);
}""",
        """
fn means() -> &'static [f64] { let out = vec![1.5, 2.5]; &out }
fn main() {
    let a = means();
    println!("{}", a[0]);
}""",
    ),
    Fault(
        "memory",
        "rows are divided by a row that is overwritten meanwhile",
        "python",
        """
import numpy as np
x = np.array([[2.0, 4.0], [6.0, 8.0]])
first = x[0]
for row in x:
    row /= first
print(x.tolist())""",
        """
fn main() {
    let mut x = vec![vec![2.0, 4.0], vec![6.0, 8.0]];
    let first = &x[0];
    for row in x.iter_mut() {
        for (value, by) in row.iter_mut().zip(first) { *value /= by; }
    }
    println!("{x:?}");
}""",
    ),
    Fault(
        "memory",
        "values are removed from a list while it is walked",
        "python",
        """
scores = [1.0, -1.0, -2.0, 3.0]
for score in scores:
    if score < 0:
        scores.remove(score)
print(scores)""",
        """
fn main() {
    let mut scores = vec![1.0, -1.0, -2.0, 3.0];
    for (i, score) in scores.iter().enumerate() {
        if *score < 0.0 { scores.remove(i); }
    }
    println!("{scores:?}");
}""",
    ),
    Fault(
        "memory",
        "a negative number is used as an index",
        "python",
        """
x = [10.0, 20.0, 30.0]
best = -1  # nothing was found
print(x[best])""",
        """
fn main() {
    let x = [10.0, 20.0, 30.0];
    let best: i64 = -1;
    println!("{}", x[best]);
}""",
    ),
    Fault(
        "threads",
        "two threads add to one total without a lock",
        "python",
        """
import sys, threading
sys.setswitchinterval(1e-6)
total = 0
def add():
    global total
    for _ in range(50_000):
        seen = total
        for _ in (): pass
        total = seen + int("1")
threads = [threading.Thread(target=add) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(total, "of", 200_000)""",
        """
fn main() {
    let mut total = 0u64;
    std::thread::scope(|scope| {
        for _ in 0..4 { scope.spawn(|| for _ in 0..50_000 { total += 1; }); }
    });
    println!("{total}");
}""",
    ),
    Fault(
        "threads",
        "a thread goes on using a batch that its owner has changed",
        "python",
        """
import threading, time
batch = [1.0, 2.0, 3.0]
done = []
def work():
    time.sleep(0.05)
    done.append(sum(batch))
thread = threading.Thread(target=work)
thread.start()
batch.clear()
thread.join()
print(done[0])""",
        """
fn main() {
    let mut batch = vec![1.0, 2.0, 3.0];
    let worker = std::thread::spawn(|| batch.iter().sum::<f64>());
    batch.clear();
    println!("{}", worker.join().unwrap());
}""",
    ),
    Fault(
        "memory",
        "an unsafe block reads past the end of its buffer",
        "python",
        """
import ctypes
x = (ctypes.c_double * 8)(*[1.0] * 4 + [99.0] * 4)
four = ctypes.cast(x, ctypes.POINTER(ctypes.c_double))  # a pointer has no length
print(sum(four[i] for i in range(5)))""",
        """
fn main() {
    let x: Vec<f64> = (0..8).map(|i| if i < 4 { 1.0 } else { 99.0 }).collect();
    let four = &x[..4];
    let sum: f64 = (0..=four.len()).map(|i| unsafe { *four.as_ptr().add(i) }).sum();
    println!("{sum}");
}""",
    ),
    Fault(
        "threads",
        "an atomic total is loaded and stored in two steps",
        "python",
        """
import sys, threading
sys.setswitchinterval(1e-6)
total, lock = [0], threading.Lock()
def load():
    with lock: return total[0]
def store(value):
    with lock: total[0] = value
def add():
    for _ in range(20_000): store(load() + 1)
threads = [threading.Thread(target=add) for _ in range(4)]
for t in threads: t.start()
for t in threads: t.join()
print(total[0], "of", 80_000)""",
        """
use std::sync::atomic::{AtomicU64, Ordering};
fn main() {
    let total = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| for _ in 0..500_000 {
                let seen = total.load(Ordering::SeqCst);
                std::hint::spin_loop();
                total.store(seen + 1, Ordering::SeqCst);
            });
        }
    });
    println!("{} of 2000000", total.load(Ordering::SeqCst));
}""",
    ),
    Fault(
        "types",
        "a number that was read as text is doubled",
        "python",
        """
row = "3,4".split(",")
print(row[0] * 2)""",
        """
fn main() {
    let row: Vec<&str> = "3,4".split(',').collect();
    println!("{}", row[0] * 2);
}""",
    ),
    Fault(
        "types",
        "one of the cases is forgotten",
        "python",
        """
def cost(kind):
    if kind == "linear": return 1
    if kind == "tree": return 5
print(cost("boosted"))""",
        """
enum Kind { Linear, Tree, Boosted }
fn cost(kind: Kind) -> u32 { match kind { Kind::Linear => 1, Kind::Tree => 5 } }
fn main() {
    let _ = (Kind::Linear, Kind::Tree);
    println!("{}", cost(Kind::Boosted));
}""",
    ),
    Fault(
        "types",
        "a column vector and a row are subtracted, and broadcast to a matrix",
        "python",
        """
import numpy as np
y, found = np.ones((3, 1)), np.ones(3)
print((y - found).shape)""",
        """
use ndarray::{Array1, Array2};
fn main() {
    let (y, found) = (Array2::<f64>::ones((3, 1)), Array1::<f64>::ones(3));
    println!("{:?}", (&y - &found).shape());
}""",
    ),
    Fault(
        "arithmetic",
        "a sum of small integers wraps",
        "python",
        """
import numpy as np
print(np.array([100, 100], dtype=np.int8).sum(dtype=np.int8))""",
        """
fn main() {
    let pixel = 100 * std::env::args().count() as i8; // read while running, so that nothing is known beforehand
    println!("{}", pixel + pixel);
}""",
    ),
    Fault(
        "arithmetic",
        "a missing number becomes an integer",
        "python",
        """
import numpy as np
print(np.array([np.nan]).astype(np.int32)[0])""",
        """
fn main() { println!("{}", f64::NAN as i32); }""",
    ),
    Fault(
        "arithmetic",
        "a missing number hides in a minimum",
        "python",
        """
print(min([3.0, float("nan"), 5.0]))""",
        """
fn main() { println!("{}", [3.0, f64::NAN, 5.0].iter().copied().fold(f64::INFINITY, f64::min)); }""",
    ),
    Fault(
        "logic",
        "a list with a missing number is sorted",
        "python",
        """
print(sorted([3.0, float("nan"), 1.0]))""",
        """
fn main() {
    let mut x = vec![3.0, f64::NAN, 1.0];
    x.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    println!("{x:?}");
}""",
    ),
    Fault(
        "logic",
        "a square matrix is centred along the wrong axis",
        "python",
        """
import numpy as np
x = np.array([[1.0, 2.0], [3.0, 4.0]])
print((x - x.mean(axis=1)).tolist())""",
        """
use ndarray::{array, Axis};
fn main() {
    let x = array![[1.0, 2.0], [3.0, 4.0]];
    println!("{}", &x - &x.mean_axis(Axis(1)).unwrap());
}""",
    ),
    Fault(
        "logic",
        "two columns of unequal length are paired, and the rest is dropped",
        "python",
        """
y, found = [1, 1, 1, 1], [1, 1, 1]
print(sum(a == b for a, b in zip(y, found)) / len(found))""",
        """
fn main() {
    let (y, found) = ([1, 1, 1, 1], [1, 1, 1]);
    let right = y.iter().zip(&found).filter(|(a, b)| a == b).count();
    println!("{}", right as f64 / found.len() as f64);
}""",
    ),
    Fault(
        "logic",
        "test rows take part in the scaling of the training rows",
        "python",
        """
x = [1.0, 2.0, 3.0, 100.0]
train, mean = x[:3], sum(x) / len(x)
print([v - mean for v in train])""",
        """
fn main() {
    let x = [1.0, 2.0, 3.0, 100.0];
    let (train, mean) = (&x[..3], x.iter().sum::<f64>() / 4.0);
    println!("{:?}", train.iter().map(|v| v - mean).collect::<Vec<_>>());
}""",
    ),
)

ACCEPTED_ALL_THE_SAME = ("an unsafe block reads past", "an atomic total is loaded")
"""Beginnings of the names of those that Rust takes: `unsafe` gives up its checks, and no type knows of two steps."""

# Right programs that the compiler refuses all the same: the price of the same checks.
REFUSED = (
    (
        "two different rows of one matrix are lent to be written",
        """
fn main() {
    let mut x = vec![vec![1.0], vec![2.0]];
    let (a, b) = (&mut x[0], &mut x[1]);
    std::mem::swap(a, b);
    println!("{x:?}");
}""",
    ),
    (
        "a field is read while a method has lent another field to be written",
        """
struct Model { weights: Vec<f64>, rate: f64 }
impl Model { fn weights(&mut self) -> &mut Vec<f64> { &mut self.weights } }
fn main() {
    let mut model = Model { weights: vec![1.0], rate: 0.5 };
    for w in model.weights().iter_mut() { *w *= model.rate; }
    println!("{:?}", model.weights);
}""",
    ),
)
