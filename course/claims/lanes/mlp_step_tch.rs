use tch::{Device, Kind, Reduction, Tensor, no_grad};

fn over<T>(data: &[T], size: &[i64], kind: Kind) -> Tensor {
    let strides: &[i64] = if size.len() == 2 { &[size[1], 1] } else { &[1] };
    // SAFETY: the tensor does not outlive this file's functions, whose caller lends the memory for that long.
    unsafe { Tensor::from_blob(data.as_ptr().cast(), size, strides, kind, Device::Cpu) }
}

/// Training steps with tch: libtorch's own tensors, gradients and kernels.
pub fn with_tch(
    x: &[f64], y: &[i64], parameters: &mut [f64], inputs: i64, hidden: i64, classes: i64, rate: f64, steps: usize,
) -> Vec<f64> {
    let n = y.len() as i64;
    let x = over(x, &[n, inputs], Kind::Double);
    let y = over(y, &[n], Kind::Int64);
    let (w1, rest) = parameters.split_at((inputs * hidden) as usize);
    let (b1, rest) = rest.split_at(hidden as usize);
    let (w2, b2) = rest.split_at((hidden * classes) as usize);
    let mut all = [
        over(w1, &[inputs, hidden], Kind::Double).set_requires_grad(true),
        over(b1, &[hidden], Kind::Double).set_requires_grad(true),
        over(w2, &[hidden, classes], Kind::Double).set_requires_grad(true),
        over(b2, &[classes], Kind::Double).set_requires_grad(true),
    ];
    let mut losses = Vec::with_capacity(steps);
    for _ in 0..steps {
        let scores = all[1].addmm(&x, &all[0]).relu();
        let scores = all[3].addmm(&scores, &all[2]);
        // `cross_entropy_for_logits` would compute in f32.
        let loss = scores.cross_entropy_loss::<Tensor>(&y, None, Reduction::Mean, -100, 0.0);
        loss.backward();
        no_grad(|| {
            for p in &mut all {
                let _ = p.g_sub_(&(p.grad() * rate));
                p.zero_grad();
            }
        });
        losses.push(loss.double_value(&[]));
    }
    losses
}

pub fn set_threads(threads: i32) {
    tch::set_num_threads(threads);
}
