use tch::{Device, Kind, Tensor};

/// A tensor over memory that the caller owns, as `torch.from_numpy` makes one: nothing is copied.
fn over(data: &[f64], n: i64) -> Tensor {
    // SAFETY: the tensor does not outlive this file's functions, whose caller lends the memory for that long.
    unsafe { Tensor::from_blob(data.as_ptr().cast(), &[n, n], &[n, 1], Kind::Double, Device::Cpu) }
}

pub fn with_tch(a: &[f64], b: &[f64], out: &mut [f64], n: i64) {
    let mut place = over(out, n);
    let _ = over(a, n).matmul_out(&mut place, &over(b, n));
}

pub fn set_threads(threads: i32) {
    tch::set_num_threads(threads);
}
