//! Penguins by four measurements: read, clean, standardise, fit, test, predict row by row, watch.
use linfa::prelude::*;
use linfa_logistic::MultiLogisticRegression;
use linfa_preprocessing::linear_scaling::LinearScaler;
use ndarray::{Array1, Array2, Axis};
use std::time::Instant;

const MEASURED: [&str; 4] = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"];

type Failure = Box<dyn std::error::Error>;

fn pipeline(path: &str) -> Result<String, Failure> {
    let begin = Instant::now();
    let mut reader = csv::Reader::from_path(path)?;
    let header = reader.headers()?.clone();
    let column = |name: &str| header.iter().position(|one| one == name).ok_or("a column is missing");
    let rows = reader.records().collect::<Result<Vec<_>, _>>()?;
    let collection = begin.elapsed();

    let begin = Instant::now();
    let species = column("species")?;
    let columns = MEASURED
        .iter()
        .map(|name| column(name))
        .collect::<Result<Vec<_>, _>>()?;
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for row in &rows {
        let read: Result<Vec<f64>, _> = columns.iter().map(|&c| row[c].parse()).collect();
        if let Ok(read) = read {
            values.extend(read);
            labels.push(&row[species]);
        }
    }
    let mut names = labels.clone();
    names.sort_unstable();
    names.dedup();
    let y: Array1<usize> = labels
        .iter()
        .map(|label| names.iter().position(|name| name == label).unwrap())
        .collect();
    let x = Array2::from_shape_vec((y.len(), MEASURED.len()), values)?;
    let (test, train): (Vec<usize>, Vec<usize>) = (0..y.len()).partition(|row| row % 5 == 0);
    let train = Dataset::new(x.select(Axis(0), &train), y.select(Axis(0), &train));
    let test = Dataset::new(x.select(Axis(0), &test), y.select(Axis(0), &test));
    let scaler = LinearScaler::standard().fit(&train)?;
    let (train, test) = (scaler.transform(train), scaler.transform(test));
    let preprocessing = begin.elapsed();

    let begin = Instant::now();
    let model = MultiLogisticRegression::default()
        .alpha(1.0)
        .max_iterations(100)
        .gradient_tolerance(1e-4)
        .fit(&train)?;
    let training = begin.elapsed();

    let begin = Instant::now();
    let found = model.predict(&test);
    let accuracy = found.confusion_matrix(&test)?.accuracy();
    let evaluation = begin.elapsed();

    let begin = Instant::now();
    for i in 0..100 {
        let row = test.records.row(i % test.nsamples()).insert_axis(Axis(0)).to_owned();
        std::hint::black_box(model.predict(&row));
    }
    let single = begin.elapsed() / 100;

    let begin = Instant::now();
    let (mut count, mut mean, mut spread) = (0.0, 0.0, 0.0);
    for &value in x.column(0) {
        // a running mean and variance, value by value, as they arrive
        count += 1.0;
        let step = std::hint::black_box(value) - mean;
        mean += step / count;
        spread += step * (value - mean);
    }
    std::hint::black_box(spread);
    let monitoring = begin.elapsed().as_secs_f64() / count;

    let stages = [
        ("collection", collection.as_secs_f64()),
        ("preprocessing", preprocessing.as_secs_f64()),
        ("training", training.as_secs_f64()),
        ("evaluation", evaluation.as_secs_f64()),
        ("single row", single.as_secs_f64()),
        ("monitoring", monitoring),
    ];
    let times: Vec<String> = stages
        .iter()
        .map(|(name, seconds)| format!("\"{name}\": {seconds:e}"))
        .collect();
    Ok(format!(
        "\"accuracy\": {accuracy}, \"mean\": {mean}, \"times\": {{{}}}",
        times.join(", ")
    ))
}

/// The most memory this process ever held, in KiB; 0 where the system does not say.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
    peak.unwrap_or(0)
}

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    for _ in 0..arguments[2].parse()? {
        println!("{{{}, \"peak_kib\": {}}}", pipeline(&arguments[1])?, peak_kib());
    }
    Ok(())
}
