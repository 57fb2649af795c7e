// A running mean and variance that forget, and that clip what lies more than three deviations off: each number needs
// the result of the one before, so nothing can be done side by side.

pub fn streaming(x: &[f64], out: &mut [f64], rate: f64) -> f64 {
    let (mut mean, mut variance) = (0.0, 1.0);
    for (x, out) in x.iter().zip(out) {
        let limit = 3.0 * f64::sqrt(variance);
        let off = x - mean;
        let off = if off > limit { limit } else { off };
        let off = if off < -limit { -limit } else { off };
        mean += rate * off;
        variance = (1.0 - rate) * (variance + rate * off * off);
        *out = mean;
    }
    variance
}
