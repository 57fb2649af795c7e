// Read a CSV table and keep its complete rows: species (quoted, with commas inside), then three numbers or NA.

/// Returns the numbers of the complete rows, three for each, and the species of each as its place in `species`.
/// Threads share the text, cut where a line ends.
pub fn csv_clean(text: &str, species: &str, threads: usize) -> Result<(Vec<f64>, Vec<i64>), String> {
    let species: Vec<&[u8]> = species.split('\n').map(str::as_bytes).collect();
    let text = text.as_bytes();
    let line_end = |from: usize| text[from..].iter().position(|b| *b == b'\n').map_or(text.len(), |p| from + p + 1);
    let cuts: Vec<_> = ranges(text.len(), threads, 1)
        .into_iter()
        .map(|r| line_end(r.start)..if r.end == text.len() { r.end } else { line_end(r.end) })
        .collect();
    let parts = parallel(cuts, |r| rows(text, r, &species)).into_iter().collect::<Result<Vec<_>, _>>()?;
    let mut parts = parts.into_iter();
    let (mut numbers, mut codes) = parts.next().expect("one thread at least");
    for (more_numbers, more_codes) in parts {
        numbers.extend(more_numbers);
        codes.extend(more_codes);
    }
    Ok((numbers, codes))
}

/// The complete rows of a part of the text that begins and ends with a line.
fn rows(text: &[u8], part: std::ops::Range<usize>, species: &[&[u8]]) -> Result<(Vec<f64>, Vec<i64>), String> {
    let (mut numbers, mut codes) = (Vec::with_capacity(part.len() / 12), Vec::with_capacity(part.len() / 36));
    let from = part.start;
    for (count, line) in text[part].split(|b| *b == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let before = || text[..from].iter().filter(|b| **b == b'\n').count(); // lines of the parts before
        let wrong = || format!("line {}: {}", before() + count + 1, String::from_utf8_lossy(line));
        let (name, rest) = match line.strip_prefix(b"\"") {
            Some(inside) => {
                let end = inside.iter().position(|b| *b == b'"').ok_or_else(wrong)?;
                (&inside[..end], inside[end + 1..].strip_prefix(b",").ok_or_else(wrong)?)
            }
            None => {
                let end = line.iter().position(|b| *b == b',').ok_or_else(wrong)?;
                (&line[..end], &line[end + 1..])
            }
        };
        let start = numbers.len();
        let mut complete = true;
        let mut fields = 0;
        for field in rest.split(|b| *b == b',') {
            fields += 1;
            if field.is_empty() || field == b"NA" {
                complete = false;
            } else {
                numbers.push(number(field).ok_or_else(wrong)?);
            }
        }
        if fields != 3 {
            return Err(wrong());
        }
        if complete {
            codes.push(species.iter().position(|s| *s == name).ok_or_else(wrong)? as i64);
        } else {
            numbers.truncate(start);
        }
    }
    Ok((numbers, codes))
}

/// A number of up to 15 digits with a point somewhere is two whole numbers and one division, which is exact; all else
/// goes to the standard library.
fn number(field: &[u8]) -> Option<f64> {
    const POWERS: [f64; 16] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let (negative, digits) = match field.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, field),
    };
    let (mut whole, mut seen, mut after) = (0u64, 0, None);
    for &byte in digits {
        match byte {
            b'0'..=b'9' => {
                whole = whole.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                seen += 1;
            }
            b'.' if after.is_none() => after = Some(seen),
            _ => return std::str::from_utf8(field).ok()?.parse().ok(),
        }
    }
    if seen == 0 || seen > 15 {
        return std::str::from_utf8(field).ok()?.parse().ok();
    }
    let value = whole as f64 / POWERS[after.map_or(0, |a| seen - a)];
    Some(if negative { -value } else { value })
}
