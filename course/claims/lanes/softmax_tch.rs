use tch::{Device, Kind, Tensor};

fn over(data: &[f64], n: i64) -> Tensor {
    let d = data.len() as i64 / n;
    // SAFETY: the tensor does not outlive this file's functions, whose caller lends the memory for that long.
    unsafe { Tensor::from_blob(data.as_ptr().cast(), &[n, d], &[d, 1], Kind::Double, Device::Cpu) }
}

pub fn with_tch(x: &[f64], out: &mut [f64], rows: i64) {
    let mut place = over(out, rows);
    let _ = over(x, rows).internal_softmax_out(&mut place, 1, false);
}

pub fn set_threads(threads: i32) {
    tch::set_num_threads(threads);
}
