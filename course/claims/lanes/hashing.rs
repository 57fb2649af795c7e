// Words of texts to counts in a fixed number of columns: MurmurHash3 of each word chooses the column, and its sign.
// Texts are ASCII; a word is two letters, digits or underscores or more.

/// `texts` holds all texts one after the other, `ends` where each ends. Returns the rows of a sparse matrix (CSR):
/// where each row starts, the columns in rising order, the counts. Threads share the texts.
pub fn hashed(texts: &str, ends: &[i64], columns: u32, threads: usize) -> (Vec<i64>, Vec<i32>, Vec<f64>) {
    let parts = parallel(ranges(ends.len(), threads, 1), |r| {
        let from = if r.start == 0 { 0 } else { ends[r.start - 1] as usize };
        rows(texts.as_bytes(), from, &ends[r], columns)
    });
    let mut parts = parts.into_iter();
    let (mut starts, mut places, mut counts) = parts.next().expect("one thread at least");
    for (later, more_places, more_counts) in parts {
        let before = places.len() as i64;
        starts.extend(later[1..].iter().map(|s| s + before));
        places.extend(more_places);
        counts.extend(more_counts);
    }
    (starts, places, counts)
}

/// The rows of the texts that begin at `from` and end at `ends`.
fn rows(texts: &[u8], mut from: usize, ends: &[i64], columns: u32) -> (Vec<i64>, Vec<i32>, Vec<f64>) {
    let room = ends.last().map_or(0, |end| *end as usize - from) / 6;
    let (mut places, mut counts) = (Vec::with_capacity(room), Vec::with_capacity(room));
    let mut starts = vec![0];
    let mut row: Vec<u64> = Vec::new(); // column and sign of each word of one text
    let mut word: Vec<u8> = Vec::new();
    for &end in ends {
        row.clear();
        for &byte in texts[from..end as usize].iter().chain(b" ") {
            let kept = LOWER[byte as usize];
            if kept != 0 {
                word.push(kept);
                continue;
            }
            if word.len() > 1 {
                let hash = murmur3(&word) as i32;
                let column = hash.unsigned_abs() % columns;
                row.push(u64::from(column) << 1 | u64::from(hash < 0));
            }
            word.clear();
        }
        from = end as usize;
        row.sort_unstable();
        for one in &row {
            let (column, sign) = ((one >> 1) as i32, if one & 1 == 0 { 1.0 } else { -1.0 });
            if places.len() > starts[starts.len() - 1] as usize && places.last() == Some(&column) {
                *counts.last_mut().expect("a count for each place") += sign;
            } else {
                places.push(column);
                counts.push(sign);
            }
        }
        starts.push(places.len() as i64);
    }
    (starts, places, counts)
}

/// What each byte becomes: a small letter, a digit or an underscore; 0 where it parts words.
const LOWER: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() || b == b'_' {
            table[byte] = b.to_ascii_lowercase();
        }
        byte += 1;
    }
    table
};

/// MurmurHash3 with 32 bits and seed 0.
fn murmur3(data: &[u8]) -> u32 {
    let mix = |k: u32| k.wrapping_mul(0xcc9e2d51).rotate_left(15).wrapping_mul(0x1b873593);
    let mut hash = 0u32;
    let fours = data.chunks_exact(4);
    let rest = fours.remainder();
    for four in fours {
        hash ^= mix(u32::from_le_bytes(four.try_into().expect("four bytes")));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe6546b64);
    }
    if !rest.is_empty() {
        hash ^= mix(rest.iter().rev().fold(0, |k, b| k << 8 | u32::from(*b)));
    }
    hash ^= data.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85ebca6b);
    hash = (hash ^ hash >> 13).wrapping_mul(0xc2b2ae35);
    hash ^ hash >> 16
}
